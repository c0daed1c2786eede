// What an index, an archive or an interruption may not do: a real interpreter against an index on the
// loopback interface that lies, redirects and disappears.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  failure,
  Installer,
  LoopbackIndex,
  type Member,
  metadata,
  tarGz,
  temporaryFolder,
  wheel,
  zip
} from './packages-fixtures.ts'
import { within } from './within.ts'

const test = suite('installing safely')
const LIMIT = 60_000
const OTHER_DIGEST = createHash('sha256').update('another file').digest('hex')

let installer: Installer
let index: LoopbackIndex
let other: LoopbackIndex

test.before(async () => {
  installer = await Installer.start()
})
test.after(() => installer.close())
test.before.each(async () => {
  index = await LoopbackIndex.start()
  other = await LoopbackIndex.start()
})
test.after.each(() => {
  index.close()
  other.close()
})

test(
  'a file whose digest is not the one the index promised is refused',
  within(LIMIT, async () => {
    index.wheel('web', '1.0', {}, { sha256: OTHER_DIGEST })
    const target = temporaryFolder()

    const error = await failure(installer.install(index, ['web'], { target }))

    assert.is(error.code, 'WASGI_ERR_PACKAGE_INTEGRITY')
    assert.match(error.message, `the index promised sha256 ${OTHER_DIGEST}`)
    assert.equal(readdirSync(target), [])
  })
)

test(
  '--hash goes before what the index promises',
  within(LIMIT, async () => {
    index.wheel('web', '1.0', { requires: ['lib'] }).wheel('lib', '1.0')
    const file = join(temporaryFolder(), 'requirements.txt')
    const digest = createHash('sha256')
      .update(wheel('web', '1.0', { requires: ['lib'] }))
      .digest('hex')
    const install = (lines: string) => {
      writeFileSync(file, lines)
      return installer.install(index, [], { requirementFiles: [file] })
    }
    const lib = createHash('sha256').update(wheel('lib', '1.0')).digest('hex')

    const right = await install(`web==1.0 --hash=sha256:${digest}\nlib --hash=sha256:${lib}\n`)
    const wrong = await failure(install(`web==1.0 \\\n  --hash=sha256:${OTHER_DIGEST}\n`))
    const half = await failure(install(`web==1.0 --hash=sha256:${digest}\n`))

    assert.equal(right.names, ['lib==1.0', 'web==1.0'])
    assert.match(wrong.message, 'no file of it has one of the --hash values')
    assert.is(half.code, 'WASGI_ERR_PACKAGE_INTEGRITY')
    assert.match(half.message, 'lib 1.0 was refused')
  })
)

test(
  'a --hash is checked where the index promises nothing',
  within(LIMIT, async () => {
    index.serve('web-1.0-py3-none-any.whl', wheel('web', '1.0'))
    const file = join(temporaryFolder(), 'requirements.txt')
    const url = `${index.origin}/files/web-1.0-py3-none-any.whl`
    writeFileSync(file, `web @ ${url} --hash=sha256:${OTHER_DIGEST}\n`)

    const error = await failure(installer.install(index, [], { requirementFiles: [file] }))

    assert.is(error.code, 'WASGI_ERR_PACKAGE_INTEGRITY')
    assert.match(error.message, 'none of its --hash values fits')
  })
)

const EVIL: ReadonlyArray<readonly [what: string, member: Member, says: string]> = [
  ['a path with ..', { path: '../evil.py', text: 'x' }, 'leads out of the folder'],
  ['.. deep inside', { path: 'a/b/../../../evil.py', text: 'x' }, 'leads out of the folder'],
  ['an absolute path', { path: '/tmp/evil.py', text: 'x' }, 'absolute path'],
  ['a drive', { path: 'C:/evil.py', text: 'x' }, 'absolute path'],
  ['a backslash', { path: '..\\evil.py', text: 'x' }, 'malformed path'],
  ['a symbolic link', { path: 'link', text: '/etc', mode: 0o120777 }, 'symbolic link'],
  ['the same file twice', { path: 'evil6.py', text: 'x' }, 'two files have this name'],
  [
    'data that leads out',
    { path: 'evil7-1.0.data/purelib/../../evil', text: 'x' },
    'leads out of the folder'
  ]
]

test(
  'an archive that would leave its folder is refused whole',
  within(LIMIT, async () => {
    for (const [number, [what, member, says]] of EVIL.entries()) {
      const evil = `evil${number}`
      index.wheel(evil, '1.0', { members: [member] })
      const target = temporaryFolder()

      const error = await failure(installer.install(index, [evil], { target }))

      assert.is(error.code, 'WASGI_ERR_PACKAGE_INTEGRITY', what)
      assert.match(error.message, says)
      assert.equal(readdirSync(target), [], what)
    }
  })
)

test(
  'a source archive in the table cannot leave its folder either',
  within(LIMIT, async () => {
    const top = 'markupsafe-3.0'
    const archive = tarGz([
      { path: `${top}/PKG-INFO`, text: metadata('MarkupSafe', '3.0') },
      { path: `${top}/src/markupsafe/../../../evil.py`, text: 'x' }
    ])
    index.file('markupsafe', 'markupsafe-3.0.tar.gz', archive)

    const error = await failure(installer.install(index, ['markupsafe']))

    assert.is(error.code, 'WASGI_ERR_PACKAGE_INTEGRITY')
    assert.match(error.message, 'leads out of the folder')
  })
)

test(
  'an archive that is another package than its name says is refused',
  within(LIMIT, async () => {
    index.wheel('web', '1.0', { claims: 'bank' })
    index.file('torn', 'torn-1.0-py3-none-any.whl', Buffer.from('not a zip'))

    const lie = await failure(installer.install(index, ['web']))
    const torn = await failure(installer.install(index, ['torn']))

    assert.match(lie.message, 'its metadata says that it is bank 1.0')
    assert.match(torn.message, 'it is not a wheel that can be read')
  })
)

test(
  'a redirect to another host is refused',
  within(LIMIT, async () => {
    index.wheel('web', '1.0')
    other.serve('web-1.0-py3-none-any.whl', wheel('web', '1.0'))
    index.special('/files/web-1.0-py3-none-any.whl', (_request, response) => {
      response.writeHead(302, { location: `${other.origin}/files/web-1.0-py3-none-any.whl` }).end()
    })

    const error = await failure(installer.install(index, ['web']))

    assert.is(error.code, 'WASGI_ERR_INDEX_UNREACHABLE')
    assert.match(error.message, `it redirects to ${other.origin}`)
    assert.equal(other.asked, [])
  })
)

test(
  'a redirect on the same host is followed',
  within(LIMIT, async () => {
    index.wheel('web', '1.0')
    index.special('/simple/Web/', (_request, response) => response.writeHead(404).end())
    index.special('/old/web/', (_request, response) => {
      response.writeHead(301, { location: '/simple/web/' }).end()
    })

    const { names } = await installer.install(`${index.origin}/old/`, ['web'])

    assert.equal(names, ['web==1.0'])
  })
)

test(
  'files come from a host that a page of the index names',
  within(LIMIT, async () => {
    index.wheel('web', '1.0', {}, { origin: other.origin })
    other.serve('web-1.0-py3-none-any.whl', wheel('web', '1.0'))

    const { names } = await installer.install(index, ['web'])

    assert.equal([names, other.asked], [['web==1.0'], ['/files/web-1.0-py3-none-any.whl']])
  })
)

test(
  'an address in the metadata of a package opens no way to its host',
  within(LIMIT, async () => {
    index.wheel('web', '1.0', {
      requires: [`lib @ ${other.origin}/files/lib-1.0-py3-none-any.whl`]
    })
    other.serve('lib-1.0-py3-none-any.whl', wheel('lib', '1.0'))

    const error = await failure(installer.install(index, ['web']))

    assert.match(error.message, 'is neither a configured index nor a host that one names')
    assert.equal(other.asked, [])
  })
)

test(
  'an index that is not there, or is none, is named',
  within(LIMIT, async () => {
    const gone = other.url
    other.close()
    index.special('/simple/secret/', (_request, response) => response.writeHead(403).end())
    index.special('/simple/page/', (_request, response) => {
      response.setHeader('content-type', 'application/pdf').end('%PDF')
    })

    const closed = await failure(installer.install(gone, ['web']))
    const secret = await failure(installer.install(index, ['secret']))
    const page = await failure(installer.install(index, ['page']))

    for (const error of [closed, secret, page]) assert.is(error.code, 'WASGI_ERR_INDEX_UNREACHABLE')
    assert.match(closed.message, `${gone}/web/: nothing listens there`)
    assert.match(secret.message, 'it answered with status 403')
    assert.match(page.message, 'application/pdf')
  })
)

test(
  'a file that the index names but does not have is refused',
  within(LIMIT, async () => {
    index.wheel('web', '1.0')
    index.special('/files/web-1.0-py3-none-any.whl', (_request, response) => {
      response.writeHead(404).end()
    })

    const error = await failure(installer.install(index, ['web']))

    assert.is(error.code, 'WASGI_ERR_PACKAGE_INTEGRITY')
    assert.match(error.message, 'the index names this file, but does not have it')
  })
)

test(
  'credentials go to their index alone, and no message shows them',
  within(LIMIT, async () => {
    const seen: Array<string | undefined> = []
    index.wheel('web', '1.0', {}, { origin: other.origin })
    const page = wheel('web', '1.0')
    other.special('/files/web-1.0-py3-none-any.whl', (request, response) => {
      seen.push(request.headers.authorization)
      response.end(page)
    })
    index.special('/private/web/', (request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(302, { location: '/simple/web/' }).end()
    })
    const url = `${index.origin.replace('//', '//me:s3cret@')}/private`

    const { names } = await installer.install(url, ['web'])
    const error = await failure(installer.install(url, ['none']))

    assert.equal(names, ['web==1.0'])
    assert.equal(seen, [`Basic ${Buffer.from('me:s3cret').toString('base64')}`, undefined])
    assert.not.match(error.message, 's3cret')
  })
)

test(
  'a later failure leaves nothing of the packages before it',
  within(LIMIT, async () => {
    index.wheel('aaa', '1.0').wheel('zzz', '1.0', { members: [{ path: '../evil', text: '' }] })
    const target = temporaryFolder()
    writeFileSync(join(target, 'mine.py'), 'keep')

    await failure(installer.install(index, ['aaa', 'zzz'], { target }))

    assert.equal(readdirSync(target), ['mine.py'])
  })
)

test(
  'nothing that was installed is run, nor is a .pth file',
  within(LIMIT, async () => {
    const boom = 'import os; raise SystemExit("ran")'
    index.wheel('web', '1.0', {
      members: [
        { path: 'boom.pth', text: boom },
        { path: 'sitecustomize.py', text: boom },
        { path: 'web-1.0.data/scripts/tool', text: '#!python\n' },
        { path: 'web-1.0.data/data/share/note.txt', text: 'note' }
      ]
    })

    const { target } = await installer.install(index, ['web'])

    assert.is(readFileSync(join(target, 'boom.pth'), 'utf8'), boom)
    assert.is(readFileSync(join(target, 'share/note.txt'), 'utf8'), 'note')
    assert.ok(existsSync(join(target, 'bin/tool')))
  })
)

test(
  'a wheel that unpacks to far more than it is is refused',
  within(LIMIT, async () => {
    const huge = zip([{ path: 'web.py', text: 'x' }])
    // The size in the directory, which is what an unpacker believes: 2 GiB.
    huge.writeUInt32LE(0x7fff_ffff, huge.indexOf('PK\x01\x02', 'latin1') + 24)
    index.file('web', 'web-1.0-py3-none-any.whl', huge)
    const honest = metadata('web', '1.0')
    index.special('/simple/web/', (_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<a href="/files/web-1.0-py3-none-any.whl" data-core-metadata="true">web</a>')
    })
    index.serve('web-1.0-py3-none-any.whl.metadata', Buffer.from(honest))

    const error = await failure(installer.install(index, ['web']))

    assert.is(error.code, 'WASGI_ERR_PACKAGE_INTEGRITY')
    assert.match(error.message, 'it unpacks to more than')
  })
)

test.run()
