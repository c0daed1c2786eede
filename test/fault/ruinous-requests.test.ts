// Whatever one request does to its interpreter ends in an answer with a name, and nobody else notices.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { testApp } from '../e2e/places.ts'
import { residentBytes } from '../fuzz/memory.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'

const LIMIT_MS = 120_000
/** Requests of others while one is ruinous; one after the other, so that they take a while. */
const OTHERS = 20
const WORKERS = 2
/** What can be allocated before anybody looks, which is ten times a second. */
const BETWEEN_LOOKS_MIB = 1024

const ARGS = [testApp('ruinous.py'), '--workers', String(WORKERS), '--access-log', 'off']

/** The most memory a process has had so far. */
function peakBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}

interface Case {
  readonly path: string
  readonly what: string
  readonly status: number
  /** What the client is told. */
  readonly text: string
}

const TIME: readonly Case[] = [
  { path: 'loop', what: 'a loop without end', ...late() },
  { path: 'sleep', what: 'a sleep without end', ...late() },
  { path: 'regex', what: 'a regular expression that tries everything', ...late() },
  { path: 'sum', what: 'a computation in C', ...late() }
]

const SPACE: readonly Case[] = [
  { path: 'recurse', what: 'a recursion without end', ...raised() },
  { path: 'recurse_deeper', what: 'a recursion without limit', ...died() },
  { path: 'fill_memory', what: 'a memory bomb', ...raised() },
  { path: 'fill_tmp', what: 'a /tmp bomb', ...raised() },
  { path: 'fill_javascript', what: 'bytes without end for JavaScript', ...died() },
  { path: 'fill_javascript_heap', what: 'objects without end for JavaScript', ...died() },
  { path: 'generate', what: 'a million live generators', status: 200, text: 'default/' }
]

function late(): Pick<Case, 'status' | 'text'> {
  return { status: 504, text: 'WASGI_ERR_REQUEST_TIMEOUT' }
}

function raised(): Pick<Case, 'status' | 'text'> {
  return { status: 500, text: 'WASGI_ERR_APP_EXCEPTION' }
}

function died(): Pick<Case, 'status' | 'text'> {
  return { status: 502, text: 'WASGI_ERR_WORKER_DIED' }
}

const time = suite<{ server: TestServer }>('a request that takes all the time')
const space = suite<{ server: TestServer; startBytes: number }>(
  'a request that takes all the space'
)

time.before(async (context) => {
  const timeouts = ['--request-timeout', '2s', '--interrupt-timeout', '1s']
  context.server = await serve([...ARGS, ...timeouts])
})
time.after(({ server }) => server.close())

space.before(async (context) => {
  const limits = ['--memory-limit', '256M', '--tmp-limit', '16M', '--host-bytes-limit', '64M']
  context.server = await serve([...ARGS, ...limits])
  context.startBytes = residentBytes(context.server.pid)
})
space.after(({ server }) => server.close())

for (const [test, cases] of [
  [time, TIME],
  [space, SPACE]
] as const) {
  for (const { path, what, status, text } of cases) {
    test(
      `${what} ends in ${status} for its client, and others do not notice`,
      within(LIMIT_MS, async ({ server }) => {
        const ruinous = server.request(`/${path}`)
        await server.logged(new RegExp(`begun ${path}`))

        for (let i = 0; i < OTHERS; i++) assert.is((await server.request('/quick')).status, 200)
        const reply = await ruinous

        assert.is(reply.status, status)
        assert.match(reply.text, text)
        assert.is((await server.request('/quick')).status, 200)
      })
    )
  }
}

space(
  'after all of that the process has never been larger than its limits allow',
  ({ server, startBytes }) => {
    const worker = 256 + (64 + 96) + 64 + 16 // wasm memory, objects, bytes behind them, /tmp
    const most = startBytes + (WORKERS * worker + BETWEEN_LOOKS_MIB) * 2 ** 20

    assert.ok(peakBytes(server.pid) < most, `${peakBytes(server.pid)} bytes, of ${most}`)
  }
)

space(
  'who closes standard output and error closes them for nobody else',
  within(LIMIT_MS, async ({ server }) => {
    const { status, text: worker } = await server.request('/close_streams')
    assert.is(status, 200)

    let served = ''
    while (served !== worker) {
      const reply = await server.request('/say')
      assert.is(reply.status, 200)
      served = reply.text
    }
    await server.logged(new RegExp(`${worker}.* begun say`))
  })
)

time.run()
space.run()
