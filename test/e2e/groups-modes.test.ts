// Groups and mounts that differ in more than their applications: where they run, what their requests
// share, and who is asked before them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runWasgi, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000

const FRONT = testApp('grouped/front.py')

const TOML = `workers = 1

[groups.embedded]
mode = "embedded"

[groups.fresh]
isolation = "request"

[[mounts]]
path = "/gated"
app = "${FRONT}"
access_script = "${testApp('gatekeeper.py')}"

[[mounts]]
path = "/open"
app = "${FRONT}"

[[mounts]]
path = "/embedded"
app = "${FRONT}"
process_group = "embedded"

[[mounts]]
path = "/fresh"
app = "${FRONT}"
process_group = "fresh"

[[mounts]]
path = "/fresh/second"
app = "${FRONT}:second"
process_group = "fresh"
`

function folderWith(toml: string): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'wasgi.toml'), toml)
  return folder
}

const test = suite<{ server: TestServer }>('groups that differ')
test.before(async (context) => {
  context.server = await serve([], { cwd: folderWith(TOML) })
})
test.after(async ({ server }) => {
  await server.close()
})

test(
  'an access script of one mount is not asked about another, even of the same application',
  within(LIMIT_MS, async ({ server }) => {
    assert.is((await server.request('/gated/denied')).status, 403)
    assert.is((await server.request('/gated/fine')).status, 200)
    assert.is((await server.request('/open/denied')).status, 200)
  })
)

test(
  'two mounts of one target are one application',
  within(LIMIT_MS, async ({ server }) => {
    const [, callables] = await server.logged(/worker=default\/1 .*callable=(.*)/)

    assert.match(callables ?? '', /^\S+front\.py:application$/)
  })
)

test(
  'one group has its interpreter in the main thread, while others have workers',
  within(LIMIT_MS, async ({ server }) => {
    const { text } = await server.request('/embedded')

    assert.match(text, /"worker": "embedded\/1"/)
  })
)

test(
  'requests that share nothing share nothing, whichever application of the interpreter they are for',
  within(LIMIT_MS, async ({ server }) => {
    for (const [path, name] of [
      ['/fresh', 'front'],
      ['/fresh/second', 'second'],
      ['/fresh', 'front']
    ] as const) {
      const { text } = await server.request(path)
      assert.equal((JSON.parse(text) as { visits: string[] }).visits, [name])
    }
  })
)

test(
  'serve refuses a group that there is not before it starts anything',
  within(LIMIT_MS, async () => {
    const toml = `${TOML}\n[[mounts]]\npath = "/"\napp = "a.py"\nprocess_group = "frehs"\n`

    const refused = runWasgi(['serve', '--port', '0'], { cwd: folderWith(toml) })

    assert.is(await refused.exited, 3)
    assert.match(
      refused.log(),
      /"frehs" \(from wasgi\.toml line 36\)\. Did you mean "fresh"\?.*WASGI_ERR_CONFIG_GROUP\n$/
    )
  })
)

test.run()
