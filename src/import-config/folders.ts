// Folders of code: which one is the root of an application, which ones are packages, and where a virtual
// environment has them.

import { dirname } from 'node:path'
import { type Application, absolute, type Import } from './context.ts'
import type { Note, Table } from './draft.ts'
import { isBelow } from './scope.ts'

const MOST_FOLDERS = 500

/** `home`: the root of the applications in it, since that is the current folder here. */
export function addHome(
  { draft, serverRoot }: Import,
  members: readonly Application[],
  home: string,
  note: Note
): void {
  const folder = absolute(home, serverRoot)
  const inside = members.filter((member) => isIn(member, folder))
  if (inside.length === 0) {
    const text = `no application lies in it. ${note.text}`
    draft.note({ ...note, fate: 'not applicable', text })
    return
  }
  draft.give(tablesOf(inside), 'root', folder, note)
}

/** Folders of a module path. One that all members lie in is their root instead, and so on the path anyway. */
export function addFolders(
  { draft, serverRoot }: Import,
  table: Table,
  members: readonly Application[],
  folders: readonly string[],
  note: Note
): void {
  const packages: string[] = []
  for (const folder of folders.map((each) => absolute(each, serverRoot))) {
    const inside = members.filter((member) => isIn(member, folder))
    const rootless = inside.filter((member) => !member.table.values.has('root'))
    // The folder of the script itself is the root without a word.
    const above = rootless.filter(({ script }) => dirname(script) !== folder)
    for (const { table: mount } of above) mount.values.set('root', folder)
    const covered = inside.filter(
      ({ script, table: mount }) => (mount.values.get('root') ?? dirname(script)) === folder
    )
    if (covered.length < members.length || members.length === 0) packages.push(folder)
  }
  for (const mount of tablesOf(members)) {
    if (mount.values.has('root')) mount.remarks.push({ key: 'root', note })
  }
  if (packages.length === 0) draft.note(note)
  else addPackages({ draft }, [table], packages, note)
}

/** What Python would find in a virtual environment, or in another installation. */
export function addSitePackages(
  { draft, reader }: Pick<Import, 'draft' | 'reader'>,
  tables: readonly Table[],
  home: string,
  note: Note
): void {
  const [prefix = ''] = home.split(':')
  const [folder] = ['lib', 'lib64'].flatMap((lib) =>
    reader.match(`${prefix}/${lib}/python3*/site-packages`)
  )
  if (folder !== undefined) {
    addPackages({ draft }, tables, [folder], note)
    return
  }
  const text = `there is no ${prefix}/lib/python3.*/site-packages on this machine; add it to python_path where there is. ${note.text}`
  draft.note({ ...note, fate: 'by hand', text }, tables[0], 'python_path')
}

/** Puts folders after those that are there. */
export function addPackages(
  { draft }: Pick<Import, 'draft'>,
  tables: readonly Table[],
  folders: readonly string[],
  note: Note
): void {
  for (const [index, table] of tables.entries()) {
    const before = (table.values.get('python_path') ?? []) as readonly string[]
    const all = [...new Set([...before, ...folders])]
    if (all.length > MOST_FOLDERS) {
      const text = `more than ${MOST_FOLDERS} folders are no path to look for modules on.`
      draft.note({ ...note, fate: 'by hand', text })
    } else if (index === 0) draft.give([table], 'python_path', all, note)
    else {
      table.values.set('python_path', all)
      table.remarks.push({ key: 'python_path', note })
    }
  }
}

function isIn({ script }: Application, folder: string): boolean {
  return isBelow(dirname(script), folder)
}

function tablesOf(members: readonly Application[]): readonly Table[] {
  return members.map(({ table }) => table)
}
