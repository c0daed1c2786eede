// A dispatch script that chooses among several groups of one server, over real connections.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runWasgi, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const SITE = testApp('hooked_site.py')
const ROUTES = testApp('hooks/routes.py')

const TOML = `workers = 1
admin_path = "/-/metrics"

[groups.uploads]

[groups.inside]
mode = "embedded"

[groups.idle]

[[mounts]]
path = "/chosen"
app = "${SITE}"
dispatch_script = "${ROUTES}"
dispatch_groups = ["uploads", "inside", "default|tills", "uploads|tills"]

[[mounts]]
path = "/fixed"
app = "${SITE}"
dispatch_script = "${ROUTES}"

[[mounts]]
path = "/front"
app = "${testApp('grouped/front.py')}"
process_group = "uploads"
`

function folderWith(toml: string): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'wasgi.toml'), toml)
  return folder
}

const folder = folderWith(TOML)
const test = suite<{ server: TestServer }>('dispatch among groups')
test.before(async (context) => {
  context.server = await serve([], { cwd: folder })
})
test.after(async ({ server }) => {
  await server.close()
})

const escaped = (query: string): string => query.replace('%{GLOBAL}', '%25%7BGLOBAL%7D')

const CHOICES: ReadonlyArray<readonly [query: string, worker: string, names: readonly string[]]> = [
  ['', 'default/1', ['default', '']],
  ['process=default', 'default/1', ['default', '']],
  ['process=uploads', 'uploads/1', ['uploads', '']],
  ['process=uploads&group=%{GLOBAL}', 'uploads/1', ['uploads', '']],
  ['process=%{GLOBAL}', 'inside/1', ['', '']],
  ['process=inside', 'inside/1', ['', '']],
  ['group=tills', 'default|tills/1', ['default', 'tills']],
  ['process=uploads&group=tills', 'uploads|tills/1', ['uploads', 'tills']]
]
for (const [query, worker, names] of CHOICES) {
  test(
    `a request that chooses "${query}" is answered by ${worker}`,
    within(LIMIT_MS, async ({ server }) => {
      const reply = await server.request(`/chosen/a?${escaped(query)}`)

      assert.is(reply.status, 200, reply.text)
      const environ = JSON.parse(reply.text) as Record<string, unknown>
      assert.is(environ['wasgi.worker'], worker)
      assert.equal(
        [environ['mod_wsgi.process_group'], environ['mod_wsgi.application_group']],
        names
      )
      assert.equal([environ.SCRIPT_NAME, environ.PATH_INFO], ['/chosen', '/a'])
    })
  )
}

test(
  'metrics count a request for the group that has answered it',
  within(LIMIT_MS, async ({ server }) => {
    await server.request('/chosen/a?process=uploads&group=tills')

    const counted = /^wasgi_requests_total\{group="uploads\|tills",method="GET",status="200"\} /m
    let text = ''
    // Counted is what has been sent, which the server may learn after the client.
    while (!counted.test(text)) text = (await server.request('/-/metrics/metrics')).text

    assert.match(text, /^wasgi_request_queue_seconds_count\{group="uploads\|tills"\} [1-9]/m)
  })
)

test(
  'another group may be chosen together with another callable, and takes the body along',
  within(LIMIT_MS, async ({ server }) => {
    const body = 'x'.repeat(100_000)

    const other = await server.request('/chosen?process=uploads&callable=other', {
      method: 'POST',
      body
    })
    const usual = await server.request('/chosen?process=uploads', { method: 'POST', body })

    assert.equal([other.status, other.text], [200, '{"other": "other"}'])
    assert.is(JSON.parse(usual.text).CONTENT_LENGTH, '100000')
  })
)

test(
  'a group that has an application of its own besides keeps it',
  within(LIMIT_MS, async ({ server }) => {
    assert.is((await server.request('/front')).status, 200)
  })
)

const WRONG: ReadonlyArray<readonly [path: string, advice: RegExp]> = [
  ['/fixed?process=uploads', /have "uploads" in dispatch_groups of its mount/],
  ['/fixed?group=tills', /have "default\|tills" in dispatch_groups of its mount/],
  ['/chosen?process=idle', /have "idle" in dispatch_groups of its mount/],
  ['/chosen?process=nowhere&group=tills', /have "nowhere\|tills" in dispatch_groups of its mount/],
  ['/fixed?process=%25%7BGLOBAL%7D', /have a group with mode = "embedded" in dispatch_groups/]
]
for (const [path, advice] of WRONG) {
  test(
    `${path} is a 500, and the log says what to configure`,
    within(LIMIT_MS, async ({ server }) => {
      const reply = await server.request(path)

      assert.is(reply.status, 500)
      assert.match(reply.text, 'WASGI_ERR_HOOK')
      await server.logged(advice)
    })
  )
}

const REFUSED: ReadonlyArray<readonly [lines: string, message: RegExp]> = [
  [
    `dispatch_script = "${ROUTES}"\ndispatch_groups = ["uplaods"]`,
    /no process group "uplaods" \(from wasgi\.toml line \d+\)\. Did you mean "uploads"\?/
  ],
  [
    `dispatch_script = "${ROUTES}"\ndispatch_groups = ["uploads|%{ENV:X}"]`,
    /dispatch_groups must be %\{GLOBAL\}, .* got "%\{ENV:X\}"/
  ],
  ['dispatch_groups = ["uploads"]', /dispatch_groups must be given together with dispatch_script/]
]
for (const [lines, message] of REFUSED) {
  test(
    `a server does not start with ${lines.split('\n').at(-1)}`,
    within(LIMIT_MS, async () => {
      const toml = `[groups.uploads]\n[[mounts]]\npath = "/"\napp = "${SITE}"\n${lines}\n`

      const refused = runWasgi(['serve', '--port', '0'], { cwd: folderWith(toml) })

      assert.is(await refused.exited, 3)
      assert.match(refused.log(), message)
    })
  )
}

test(
  'config show lists the groups that a dispatch script may choose, with whose it is',
  within(LIMIT_MS, async () => {
    const shown = runWasgi(['config', 'show'], { cwd: folder })

    assert.is(await shown.exited, 0)
    const text = shown.out()
    assert.match(text, '#   uploads: 1 worker for /front, /chosen (if its dispatch_script says so)')
    assert.match(text, '#   default|tills: 1 worker for /chosen (if its dispatch_script says so)')
    assert.is([...text.matchAll(/no mount is in this group/g)].length, 1)
  })
)

test.run()
