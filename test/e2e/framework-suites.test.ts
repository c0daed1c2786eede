// Tests that frameworks publish for themselves, run in a worker of `wasgi serve`; every request that they
// make of an application goes out to the socket and comes back through it. framework-apps/suite.py says how.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import http from 'node:http'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runWasgi, serve, type TestServer } from '../serve.ts'
import { frameworks } from '../sites.ts'
import { within } from '../unit/within.ts'
import { version } from './programs.ts'

const LIMIT_MS = 300_000
const APP = fileURLToPath(new URL('framework-apps/suite.py', import.meta.url))
const SOURCES = ['flask==3.1.3', 'webob==1.8.11', 'bottle==0.13.4']
const INSTALLED = ['pytest==9.2.0', 'webob==1.8.11']
/** What pip would find its index by, and nothing else of this machine's environment. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      /^(?:PIP_|(?:https?|no)_proxy$|NODE_EXTRA_CA_CERTS$)/i.test(entry[0])
  )
)
const run = promisify(execFile)

interface Suite {
  readonly name: string
  /** Whose test client it is that sends the requests. */
  readonly client: 'werkzeug' | 'webob' | 'bottle'
  readonly files: readonly string[]
  /** Fewer requests than this means that they no longer go through the gateway. */
  readonly atLeast: number
  readonly leftOut: Readonly<Record<string, readonly string[]>>
}

const location = 'tests/test_response.py::test_location_no_open_redirect_c0_control_or_space'
const SUITES: readonly Suite[] = [
  {
    name: "Flask's tutorial",
    client: 'werkzeug',
    files: ['auth', 'blog', 'db', 'factory'].map((name) => `tests/test_${name}.py`),
    atLeast: 30,
    leftOut: {}
  },
  {
    name: 'WebOb',
    client: 'webob',
    files: ['request', 'response', 'dec', 'static', 'exc'].map((name) => `tests/test_${name}.py`),
    atLeast: 90,
    leftOut: {
      'its application answers with text, or with header values of bytes or int, which PEP 3333 forbids':
        [
          'tests/test_request.py::TestRequest_functional::test_middleware_body',
          'tests/test_response.py::test_response',
          'tests/test_response.py::test_set_response_status_binary',
          'tests/test_response.py::test_cookies',
          'tests/test_response.py::test_conditional_response_if_none_match_false',
          'tests/test_response.py::test_conditional_response_if_modified_since_true',
          'tests/test_exc.py::test_HTTPOk_head_of_proxied_head'
        ],
      'its application sends control characters in a header, which PEP 3333 forbids': [
        String.raw`${location}[\x00//www.example.com/test-http://localhost/\x00//www.example.com/test]`,
        String.raw`${location}[\x1f//www.example.com/test-http://localhost/\x1f//www.example.com/test]`,
        String.raw`${location}[\x00https://www.example.com/test-http://localhost/\x00https://www.example.com/test]`
      ],
      'it expects blanks at the end of a header value, which HTTP does not carry': [
        `${location}[ //www.example.com/test -http://localhost/ //www.example.com/test ]`
      ],
      "its method is none that Node's parser knows (docs/limits.md)": [
        'tests/test_static.py::TestFileApp::test_allowed_methods'
      ],
      "it looks at the server's file wrapper in place of the response": [
        'tests/test_static.py::TestFileApp::test_use_wsgi_filewrapper'
      ],
      'it looks at the time of a file that each of its runs makes anew': [
        'tests/test_static.py::TestFileApp::test_fileapp'
      ]
    }
  },
  {
    name: 'Bottle',
    client: 'bottle',
    files: ['test'],
    atLeast: 90,
    leftOut: {
      'it starts threads, of which an interpreter has one (docs/limits.md)': [
        'test/test_contextlocals.py::TestThreadLocals::test_request',
        'test/test_contextlocals.py::TestThreadLocals::test_response'
      ],
      'an interpreter that raised MemoryError is wiped, and the test with it': [
        'test/test_exc.py::TestAppException::test_memory_error'
      ],
      "it speaks HTTP/1.0, which Node's client does not": ['test/test_wsgi.py::TestWsgi::test_303'],
      'it answers with status 100, which is none of a response (docs/limits.md)': [
        'test/test_wsgi.py::TestDecorators::test_truncate_body'
      ],
      'it asks for os.geteuid, which Python in WebAssembly lacks': [
        'test/test_sendfile.py::TestSendFile::test_file_not_readable'
      ]
    }
  }
]

/** A folder that is made once for all test programs of a machine, beside the frameworks'. */
async function sources(): Promise<string> {
  const key = createHash('sha256')
    .update([...SOURCES, ...INSTALLED].join())
    .digest('hex')
  const folder = join(dirname(await frameworks()), `wasgi-suites-${key.slice(0, 12)}`)
  if (existsSync(folder)) return folder
  const making = mkdtempSync(`${folder}-`)
  for (const source of SOURCES) {
    const [name = '', version] = source.split('==')
    const download = ['--no-binary', name, '--no-deps', '--quiet', '--dest', making, source]
    await run('python3', ['-m', 'pip', 'download', ...download])
    await run('python3', ['-m', 'tarfile', '-e', join(making, `${name}-${version}.tar.gz`), making])
  }
  const target = join(making, 'installed')
  mkdirSync(target)
  const install = runWasgi(['install', ...INSTALLED, '--target', target], { env: ENVIRONMENT })
  assert.is(await install.exited, 0, install.log())
  try {
    renameSync(making, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
    rmSync(making, { recursive: true })
  }
  return folder
}

async function start(): Promise<TestServer> {
  const folder = await sources()
  const folders = ['flask-3.1.3/examples/tutorial', 'webob-1.8.11', 'bottle-0.13.4', 'installed']
  const paths = [...folders.map((path) => join(folder, path)), await frameworks()]
  // The same arguments for all suites: the interpreter with pytest in it is captured once.
  const args = paths.flatMap((path) => ['--python-path', path])
  const quiet = ['--access-log', 'off', '--request-timeout', '0']
  return serve([APP, ...args, '--workers', '1', ...quiet])
}

interface Wanted {
  readonly method: string
  readonly target: string
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: string
}

/** How far a test has come: to its end, or to a request that it wants. */
interface Progress {
  readonly outcome?: 'passed' | 'failed' | 'skipped' | 'left out'
  readonly text?: string
  readonly wanted?: Wanted
  readonly ticket?: number
}

interface Response {
  readonly status: string
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: string
}

class Driver {
  readonly #server: TestServer
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  requests = 0

  constructor(server: TestServer) {
    this.#server = server
  }

  async control<Answer>(path: string, body: object): Promise<Answer> {
    const text = JSON.stringify(body)
    const reply = await this.#server.request(path, { method: 'POST', headers: {}, body: text })
    assert.is(reply.status, 200, `${reply.text}\n${this.#server.log()}`)
    return JSON.parse(reply.text) as Answer
  }

  /** Sends the requests that a test wants, until it has come to its end. */
  async finish(name: string, first: Progress): Promise<Progress> {
    const responses: Response[] = []
    let progress = first
    while (progress.wanted !== undefined) {
      responses.push(await this.#send(progress.wanted, progress.ticket))
      progress = await this.control<Progress>('/step', { name, responses })
    }
    this.requests += responses.length
    return progress
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(wanted: Wanted, ticket = 0): Promise<Response> {
    const { hostname, port } = new URL(this.#server.url)
    const headers = [...wanted.headers, ['X-Suite-Ticket', String(ticket)]].flat()
    const { method, target } = wanted
    const where = { host: hostname, port, agent: this.#agent, path: target }
    return new Promise((resolve, reject) => {
      // What Node does not accept as a header it throws.
      const request = http.request({ ...where, method, headers, setHost: false }, (response) => {
        const { rawHeaders: raw, statusCode, statusMessage } = response
        const pairs = raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? '']] : []))
        const done = (body: Buffer): void =>
          resolve({
            status: `${statusCode} ${statusMessage}`,
            headers: pairs as [string, string][],
            body: body.toString('base64')
          })
        buffer(response).then(done, reject)
      })
      request.on('error', reject)
      request.end(Buffer.from(wanted.body, 'base64'))
    })
  }
}

const test = suite('tests of frameworks')
const noPip =
  version('python3', '-m', 'pip', '--version') === ''
    ? 'there is no pip to fetch the sources with'
    : undefined

for (const { name, client, files, atLeast, leftOut } of SUITES) {
  const without = Object.values(leftOut).flat()

  const promise = `${name} passes its own tests, their requests sent over HTTP`
  if (noPip !== undefined) {
    console.log(`left out: ${promise} (${noPip})`)
    test.skip(promise)
    continue
  }
  test(
    promise,
    within(LIMIT_MS, async () => {
      const server = await start()
      const driver = new Driver(server)
      const counts = { passed: 0, failed: 0, skipped: 0, 'left out': 0 }
      const failures: string[] = []
      try {
        const all = await driver.control<Record<string, Progress>>('/start', {
          client,
          files,
          without
        })
        for (const [id, first] of Object.entries(all)) {
          const failed = (error: Error): Progress => ({ outcome: 'failed', text: error.message })
          const { outcome = 'failed', text = '' } = await driver.finish(id, first).catch(failed)
          counts[outcome]++
          if (outcome === 'failed') failures.push(`${id}\n${text}`)
        }
        const summary = Object.entries(counts).map(([word, count]) => `${count} ${word}`)
        console.log(`${name}: ${summary.join(', ')}; ${driver.requests} requests`)
        for (const [reason, ids] of Object.entries(leftOut)) {
          for (const id of ids) console.log(`  left out: ${id}: ${reason}`)
        }
        assert.equal(
          without.filter((id) => !(id in all)),
          [],
          'left out, and not there'
        )
      } finally {
        driver.close()
        await server.close()
      }

      assert.is(failures.length, 0, failures.join('\n\n'))
      assert.ok(driver.requests >= atLeast, `${driver.requests} requests`)
    })
  )
}

test.run()
