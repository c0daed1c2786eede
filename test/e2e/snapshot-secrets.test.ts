// Values of variables and the disk: what was not read during the capture is not in it, and what was
// read is not stored, unless the operator says that it may be.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeSnapshot } from '../../src/snapshot/file.ts'
import type { TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'
import { boots, getJson, serveFrom, serving, storedIn, warnings } from './snapshots.ts'

const LIMIT_MS = 120_000
const FILE = testApp('secretive.py')
/** Of the application's source, so it is in every capture of it. */
const FOUND = "a text of the application's own"
const TOKEN = 'token-5f1c0a7e9b'
const PLAIN = 'plain-83d2c64e11'

interface Answer {
  readonly names: readonly string[]
  readonly imported: Readonly<Record<string, string>>
  readonly now: Readonly<Record<string, string>>
  readonly count: number
}

/** Arguments that pass these variables. */
function withValues(values: Readonly<Record<string, string>>): string[] {
  const all = { TOKEN, PLAIN, ...values }
  return [FILE, ...Object.entries(all).flatMap(([name, value]) => ['--env', `${name}=${value}`])]
}

const answerOf = (server: TestServer): Promise<Answer> => getJson<Answer>(server, '/')

/** Number of the line of the application with this text. */
function lineWith(text: string): number {
  return (
    1 +
    readFileSync(FILE, 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text))
  )
}

/** Which of `texts` lie in the stored snapshots, in the memory or beside it. */
async function storedOf(store: string, texts: readonly string[]): Promise<string[]> {
  const all: Buffer[] = []
  for (const file of storedIn(store)) {
    const bytes = readFileSync(file)
    const { image, manifest } = await decodeSnapshot(bytes, basename(file, '.snapshot'))
    const { pages, files, ...rest } = image
    all.push(bytes, Buffer.from(pages), Buffer.from(files))
    all.push(Buffer.from(JSON.stringify([rest, manifest])))
  }
  return texts.filter((text) => all.some((bytes) => bytes.includes(text)))
}

const test = suite('secrets and snapshots')

test(
  'a value that nobody read is nowhere in the file; asking for names is not reading',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()

    await serving(serveFrom(store, withValues({})), async (server) => {
      const { names, now, imported } = await answerOf(server)
      assert.equal([names.includes('TOKEN'), now, imported], [true, { TOKEN, PLAIN }, {}])
      assert.equal(await warnings(server), [])
      assert.equal(await boots(server), ['default/1 restored'])
    })

    assert.is(storedIn(store).length, 1)
    assert.equal(await storedOf(store, [FOUND, TOKEN, PLAIN]), [FOUND])
  })
)

test(
  'a value that was changed between two starts is the new one in what is restored',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()
    await serving(serveFrom(store, withValues({})), async (server) => {
      assert.equal((await answerOf(server)).now, { TOKEN, PLAIN })
    })

    await serving(serveFrom(store, withValues({ TOKEN: 'another' })), async (server) => {
      await server.logged(/snapshot loaded/)
      assert.equal((await answerOf(server)).now, { TOKEN: 'another', PLAIN })
    })
  })
)

test(
  'a value read at import is there, nothing is stored, and the log says which and where',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()
    const args = [...withValues({ READ_TOKEN: '1' }), '--snapshot-env', 'PLAIN']

    await serving(serveFrom(store, args), async (server) => {
      const { now, imported } = await answerOf(server)
      assert.equal([now, imported], [{ TOKEN, PLAIN }, { TOKEN }])
      assert.equal(await boots(server), ['default/1 restored'])
      const [warning = '', ...more] = await warnings(server)
      assert.match(warning, /snapshot captured, but not stored: /)
      const line = lineWith('os.environ["TOKEN"]')
      assert.ok(warning.includes(`read TOKEN (/app/secretive.py:${line})`), warning)
      assert.not.match((await server.caughtUp()) + server.out(), new RegExp(TOKEN))
      assert.equal(more, [])
    })

    assert.equal(storedIn(store), [])
  })
)

test(
  'a value that snapshot_env names may be stored, and belongs to the key',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()
    const allowed = ['--snapshot-env', 'PLAIN']
    const args = [...withValues({ READ_PLAIN: '1' }), ...allowed]

    await serving(serveFrom(store, args), async (server) => {
      assert.equal((await answerOf(server)).imported, { PLAIN })
      assert.equal(await warnings(server), [])
    })
    assert.equal(await storedOf(store, [TOKEN, PLAIN]), [PLAIN])
    await serving(serveFrom(store, args), async (server) => {
      await server.logged(/snapshot loaded/)
      assert.equal((await answerOf(server)).imported, { PLAIN })
    })
    const changed = [...withValues({ READ_PLAIN: '1', PLAIN: 'changed' }), ...allowed]
    await serving(serveFrom(store, changed), async (server) => {
      await server.logged(/snapshot captured/)
      const { imported, now } = await answerOf(server)
      assert.equal([imported, now], [{ PLAIN: 'changed' }, { TOKEN, PLAIN: 'changed' }])
    })

    assert.is(storedIn(store).length, 2)
  })
)

test.run()
