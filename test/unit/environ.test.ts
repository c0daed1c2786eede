// The environ as Python reads it: what is written is loaded by a real CPython's marshal.
import { spawnSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeRequestHead, type RequestLine } from '../../src/wire/request-head.ts'
import { decodePath, splitTarget } from '../../src/wire/request-target.ts'
import { EnvironError, EnvironWriter } from '../../workers/environ.ts'

const test = suite('environ')

const LINE: RequestLine = {
  method: 'GET',
  target: '/',
  httpVersion: '1.1',
  scheme: 'http',
  remoteAddress: '192.0.2.7',
  remotePort: '5000',
  serverName: '192.0.2.1',
  serverPort: '8000',
  scriptName: ''
}

const LOADER =
  'import marshal, json, sys; shape, keys, values, b, n = marshal.loads(sys.stdin.buffer.read()); print(json.dumps([shape, keys, values, None if b is None else b.decode("latin-1"), n]))'

interface Loaded {
  readonly shape: number
  readonly keys: readonly string[] | null
  readonly values: readonly string[]
  readonly body: string | null
  readonly application: number
}

function read(
  line: Partial<RequestLine>,
  headers: readonly string[] = [],
  body: Uint8Array | null | undefined = new Uint8Array()
): { environ: Record<string, string>; body: string | null } {
  const { keys, values, body: text } = load(new EnvironWriter(), line, headers, body)
  assert.ok(keys !== null)
  assert.is(values.length, keys.length)
  const environ = Object.fromEntries(keys.map((key, index) => [key, values[index] ?? '']))
  return { environ, body: text }
}

function load(
  writer: EnvironWriter,
  line: Partial<RequestLine>,
  headers: readonly string[],
  body?: Uint8Array | null,
  number?: number
): Loaded {
  const head = encodeRequestHead({ ...LINE, ...line }, headers)
  assert.ok(head !== undefined)
  const target = new Uint8Array(262_144)
  const length = writer.write(target, head, body, number)
  const { stdout } = spawnSync('python3', ['-c', LOADER], { input: target.subarray(0, length) })
  const [shape, keys, values, text, application] = JSON.parse(stdout.toString())
  return { shape, keys, values, body: text, application }
}

test('the number of the application that is to answer goes along, and is 0 if nobody says', () => {
  assert.is(load(new EnvironWriter(), {}, [], new Uint8Array()).application, 0)
  assert.is(load(new EnvironWriter(), {}, [], new Uint8Array(), 3).application, 3)
})

test('the environ has the CGI variables, and what mod_wsgi tells of a request', () => {
  const before = Date.now() / 1000
  const { environ } = read({
    target: '/a/b?x=1&y=2',
    requestId: 'req-7',
    connectionId: '3',
    listenerHost: '192.0.2.2',
    listenerPort: '8080',
    requestStart: 1500,
    queueStart: 2250
  })
  const {
    'mod_wsgi.daemon_start': daemon,
    'mod_wsgi.application_start': application,
    ...rest
  } = environ

  assert.ok(Number(daemon) >= before && Number(daemon) <= Date.now() / 1000, String(daemon))
  assert.is(application, daemon)
  assert.equal(rest, {
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: '/a/b',
    QUERY_STRING: 'x=1&y=2',
    REQUEST_URI: '/a/b?x=1&y=2',
    RAW_URI: '/a/b?x=1&y=2',
    SERVER_PROTOCOL: 'HTTP/1.1',
    'wsgi.url_scheme': 'http',
    REMOTE_ADDR: '192.0.2.7',
    REMOTE_PORT: '5000',
    SERVER_NAME: '192.0.2.1',
    SERVER_PORT: '8000',
    'mod_wsgi.script_name': '',
    'mod_wsgi.path_info': '/a/b',
    'mod_wsgi.request_id': 'req-7',
    'mod_wsgi.connection_id': '3',
    'mod_wsgi.listener_host': '192.0.2.2',
    'mod_wsgi.listener_port': '8080',
    'mod_wsgi.request_start': 1.5,
    'mod_wsgi.queue_start': 2.25
  })
})

test('no header field becomes a variable, whatever it is called', () => {
  const variables = { REMOTE_USER: 'alice', AUTH_TYPE: 'Basic' }
  const fields = [
    'REMOTE_USER',
    'mallory',
    'Remote-User',
    'mallory',
    'AUTH_TYPE',
    'x',
    'Accept',
    'y'
  ]

  const known = read({ variables }, fields).environ
  const nobody = read({}, fields).environ

  assert.equal([known.REMOTE_USER, known.AUTH_TYPE], ['alice', 'Basic'])
  assert.is(known.HTTP_ACCEPT, 'y')
  assert.is('REMOTE_USER' in nobody || 'AUTH_TYPE' in nobody, false)
  assert.is(nobody.HTTP_REMOTE_USER, 'mallory')
})

test('the same header names with and without variables are two lists of names', () => {
  const writer = new EnvironWriter()
  const nobody = load(writer, {}, ['Accept', 'a'])

  const known = load(writer, { variables: { REMOTE_USER: 'alice' } }, ['Accept', 'a'])
  const again = load(writer, {}, ['Accept', 'a'])

  assert.equal(known.keys?.slice(22), ['REMOTE_USER', 'HTTP_ACCEPT'])
  assert.equal(known.values.slice(22), ['alice', 'a'])
  assert.equal([again.shape, again.keys], [nobody.shape, null])
})

test('a variable with a newline in it is not encoded', () => {
  const variables = { REMOTE_USER: 'alice\nX' }

  assert.is(encodeRequestHead({ ...LINE, variables }, []), undefined)
})

test('PATH_INFO holds the decoded bytes as Latin-1, whatever they are', () => {
  const { environ } = read({ target: '/caf%C3%A9/%ff/%2F%00%25' })

  assert.is(environ.PATH_INFO, '/cafÃ©/ÿ//\u0000%')
  assert.is(environ.REQUEST_URI, '/caf%C3%A9/%ff/%2F%00%25')
})

test('a broken percent escape stays as it came', () => {
  const { environ } = read({ target: '/100%/%zz%4' })

  assert.is(environ.PATH_INFO, '/100%/%zz%4')
})

test('the mount goes to SCRIPT_NAME, the rest to PATH_INFO', () => {
  const inside = read({ target: '/py/x/y', scriptName: '/py' }).environ
  const root = read({ target: '/py', scriptName: '/py' }).environ
  const encoded = read({ target: '/p%79/x', scriptName: '/py' }).environ

  assert.equal([inside.SCRIPT_NAME, inside.PATH_INFO], ['/py', '/x/y'])
  assert.equal([root.SCRIPT_NAME, root.PATH_INFO], ['/py', ''])
  assert.equal([encoded.SCRIPT_NAME, encoded.PATH_INFO], ['/py', '/x'])
})

test('header names become HTTP_ keys, content headers keep theirs', () => {
  const { environ } = read({}, [
    ...['Host', 'example.org'],
    ...['Content-Type', 'text/plain'],
    ...['content-length', '3'],
    ...['X-Forwarded-For', '203.0.113.9']
  ])

  assert.is(environ.HTTP_HOST, 'example.org')
  assert.is(environ.CONTENT_TYPE, 'text/plain')
  assert.is(environ.CONTENT_LENGTH, '3')
  assert.is(environ.HTTP_X_FORWARDED_FOR, '203.0.113.9')
  assert.not.ok('HTTP_CONTENT_TYPE' in environ)
  assert.not.ok('HTTP_CONTENT_LENGTH' in environ)
})

test('a name that could pass for another one is dropped, and so is Proxy', () => {
  const { environ } = read({}, [
    ...['X_Real', 'spoofed'],
    ...['X.Real', 'spoofed'],
    ...['Proxy', 'http://evil'],
    ...['X-Real', 'true']
  ])

  assert.is(environ.HTTP_X_REAL, 'true')
  assert.not.ok('HTTP_PROXY' in environ)
  assert.is(Object.values(environ).includes('spoofed'), false)
})

test('repeated headers are joined, cookies with a semicolon', () => {
  const { environ } = read({}, [
    ...['Accept', 'text/html'],
    ...['Cookie', 'a=1'],
    ...['accept', 'text/plain'],
    ...['cookie', 'b=2']
  ])

  assert.is(environ.HTTP_ACCEPT, 'text/html, text/plain')
  assert.is(environ.HTTP_COOKIE, 'a=1; b=2')
})

test('header values keep every Latin-1 character and any length', () => {
  const odd = String.fromCharCode(...Array.from({ length: 223 }, (_, index) => index + 33))
  const long = 'x'.repeat(70_000)

  const { environ } = read({}, ['X-Odd', odd, 'X-Long', long])

  assert.is(environ.HTTP_X_ODD, odd)
  assert.is(environ.HTTP_X_LONG, long)
})

test('the body is bytes, none at all when there is none, or None when it is to be pulled', () => {
  const inline = read({}, [], new Uint8Array([0, 255, 10]))
  const pulled = read({}, [], null)
  const none = load(new EnvironWriter(), {}, [])

  assert.is(inline.body, '\u0000ÿ\n')
  assert.is(pulled.body, null)
  assert.is(none.body, '')
})

test('a head that does not fit is the client’s 431', () => {
  const head = encodeRequestHead(LINE, ['X-Long', 'x'.repeat(5000)])
  assert.ok(head !== undefined)

  const write = (): number => new EnvironWriter().write(new Uint8Array(4096), head, null)

  assert.throws(write, (error: unknown) => error instanceof EnvironError && error.status === 431)
})

test('a head that no connection could deliver is not encoded', () => {
  const headers = [
    ['X', 'a\nb'],
    ['X', 'a\rb'],
    ['X', 'a\u0000b'],
    ['X', 'snow\u2603man'],
    ['X\n', 'b']
  ]

  const heads = headers.map((pair) => encodeRequestHead(LINE, pair))

  assert.equal(heads, [undefined, undefined, undefined, undefined, undefined])
})

test('keys cross once for each list of header names', () => {
  const writer = new EnvironWriter()
  const first = load(writer, {}, ['Accept', 'a', 'Cookie', 'b', 'Cookie', 'c'])
  const second = load(writer, {}, ['Accept', 'd', 'Cookie', 'e', 'Cookie', 'f'])
  const other = load(writer, {}, ['Accept', 'd', 'Cookie', 'e'])

  assert.equal(first.keys?.slice(22), ['HTTP_ACCEPT', 'HTTP_COOKIE'])
  assert.equal(first.values.slice(22), ['a', 'b; c'])
  assert.is(second.keys, null)
  assert.is(second.shape, first.shape)
  assert.equal(second.values.slice(22), ['d', 'e; f'])
  assert.not.equal(other.keys, null)
  assert.is.not(other.shape, first.shape)
})

test('keys that did not fit are sent again', () => {
  const writer = new EnvironWriter()
  const head = encodeRequestHead(LINE, ['X-Long', 'x'.repeat(5000)])
  assert.throws(() => writer.write(new Uint8Array(4096), head ?? '', null))

  const { keys } = load(writer, {}, ['X-Long', 'short'])

  assert.not.equal(keys, null)
})

test('no text is interned, since Python never frees that', () => {
  const target = new Uint8Array(65_536)
  new EnvironWriter().write(target, encodeRequestHead(LINE, ['Accept', 'y']) ?? '', null)
  const at = Buffer.from(target).indexOf('HTTP_ACCEPT')

  assert.ok(at > 0)
  assert.is(target[at - 2], 'z'.charCodeAt(0)) // the type, before one byte of length
})

test('more lists of names than are kept at a time take the places of earlier ones', () => {
  const writer = new EnvironWriter()
  for (let i = 0; i < 600; i++) writer.write(new Uint8Array(4096), headWith(`X-${i}`), null)

  // The last ones are still there; the first were forgotten and come anew.
  const loaded = ['X-599', 'X-1', 'X-2', 'X-1', 'X-598'].map((name) =>
    load(writer, {}, [name, 'y'])
  )

  const shapes = loaded.map(({ shape }) => shape)
  assert.equal(
    loaded.map(({ keys }) => keys?.at(-1)),
    [undefined, 'HTTP_X_1', 'HTTP_X_2', undefined, undefined]
  )
  assert.is(shapes[3], shapes[1])
  assert.is(new Set(shapes).size, 4)
  assert.ok(
    shapes.every((shape) => shape >= 0 && shape < 256),
    String(shapes)
  )
})

test('names that no browser would send are not kept', () => {
  const writer = new EnvironWriter()
  const long = [`X-${'n'.repeat(3000)}`, 'y']

  const loaded = [load(writer, {}, long), load(writer, {}, long)]

  assert.equal(
    loaded.map(({ shape, keys }) => [shape, keys === null]),
    [
      [-1, false],
      [-1, false]
    ]
  )
})

const headWith = (name: string): string => encodeRequestHead(LINE, [name, 'x']) ?? ''

test('absolute-form and empty paths are told apart from origin-form', () => {
  const targets = ['http://h/p?q', 'http://h', 'http://h?q', '/p', '*', '/http://h/p']

  const paths = targets.map((target) => splitTarget(target).path)

  assert.equal(paths, ['/p', '/', '/', '/p', '/', '/http://h/p'])
  assert.is(splitTarget('http://h/p?q').query, 'q')
  assert.is(decodePath('/a%20b'), '/a b')
})

test.run()
