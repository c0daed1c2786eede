// What a running server writes down: formats and files of its logs, slow requests, traces.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fastify } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { settingsFromCommandLine } from '../../src/config/settings.ts'
import { wasgi } from '../../src/server/plugin.ts'
import { startServer } from '../../src/server/server.ts'
import { fetchRaw, runWasgi, serve } from '../serve.ts'
import { within } from '../unit/within.ts'
import { changed } from '../watching.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const test = suite('observability')

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const TRACED = {
  traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
  tracestate: 'congo=t61rcWkgMzE',
  baggage: 'userId=alice',
  'x-request-id': 'req-1'
}

test(
  'the trace of a request reaches the application as it came, and logs only if it is valid',
  within(LIMIT_MS, async () => {
    const server = await serve([testApp('mirror.py'), '--workers', '1', '--access-log', 'json'])
    try {
      const traced = await server.request('/traced', { headers: TRACED })
      const invalid = `00-${TRACE}-0000000000000000-01`
      const broken = await server.request('/broken', { headers: { traceparent: invalid } })
      const [first] = await server.logged(/^\{.*"url":"\/traced".*\n/m)
      const [second] = await server.logged(/^\{.*"url":"\/broken".*\n/m)

      const { environ } = JSON.parse(traced.text)
      assert.is(environ.HTTP_TRACEPARENT, TRACED.traceparent)
      assert.is(environ.HTTP_TRACESTATE, TRACED.tracestate)
      assert.is(environ.HTTP_BAGGAGE, TRACED.baggage)
      assert.is(JSON.parse(broken.text).environ.HTTP_TRACEPARENT, invalid)
      const { trace_id, request_id } = JSON.parse(first)
      assert.equal([trace_id, request_id], [TRACE, 'req-1'])
      assert.equal(Object.keys(JSON.parse(second)).includes('trace_id'), false)
    } finally {
      await server.close()
    }
  })
)

test(
  'what a request failed of is logged with its trace',
  within(LIMIT_MS, async () => {
    const args = ['--workers', '1', '--log-format', 'json', '--access-log', 'off']
    const server = await serve([testApp('failing.py'), ...args])
    try {
      await server.request('/raise', { headers: TRACED })
      const [line] = await server.logged(/^\{.*WASGI_ERR_APP_EXCEPTION.*\n/m)

      const { trace_id, request_id, worker } = JSON.parse(line)
      assert.equal([trace_id, request_id, worker], [TRACE, 'req-1', 'default/1'])
    } finally {
      await server.close()
    }
  })
)

test(
  'a slow request is told of while it is in progress, and when it has ended, without its query',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const args = ['--workers', '1', '--data-dir', data, '--log-format', 'json']
    const server = await serve([testApp('patient.py'), ...args, '--slow-requests', '50ms'])
    try {
      const waiting = server.request('/report?go', { headers: TRACED })
      const [during] = await server.logged(/^\{.*"msg":"slow request"\}\n/m)
      writeFileSync(join(data, 'go'), '')
      await waiting
      const [after] = await server.logged(/^\{.*"msg":"slow request ended"\}\n/m)

      const { worker, group, method, path, trace_id, elapsed_ms } = JSON.parse(during)
      const said = [worker, group, method, path, trace_id]
      assert.equal(said, ['default/1', 'default', 'GET', '/report', TRACE])
      assert.ok(elapsed_ms >= 50)
      assert.is(JSON.parse(after).status, 200)
      assert.ok(JSON.parse(after).elapsed_ms >= elapsed_ms)
    } finally {
      await server.close()
    }
  })
)

test(
  'in the plugin they go to the log of the host program',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const told = Promise.withResolvers<string>()
    const write = (record: string): void => {
      if (record.includes('"msg":"slow request"')) told.resolve(record)
    }
    const app = fastify({ pluginTimeout: 0, logger: { stream: { write } } })
    try {
      const slow = { slowRequests: '20ms', dataDir: data, workers: 1 }
      await app.register(wasgi, { app: testApp('patient.py'), prefix: '/py', ...slow })

      const waiting = app.inject('/py/report?go')
      const { group, path } = JSON.parse(await told.promise)
      writeFileSync(join(data, 'go'), '')

      assert.equal([group, path], ['default', '/py/report'])
      assert.is((await waiting).statusCode, 200)
    } finally {
      await app.close()
    }
  })
)

test(
  'in the plugin, who has gone before the application was reached is followed no further',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const told: string[] = []
    const first = Promise.withResolvers<void>()
    const write = (record: string): void => {
      if (!record.includes('"msg":"slow request"')) return
      told.push(JSON.parse(record).path)
      first.resolve()
    }
    const app = fastify({ pluginTimeout: 0, logger: { stream: { write } } })
    try {
      const reached = Promise.withResolvers<void>()
      app.addHook('onRequest', async ({ raw }) => {
        if (raw.url === '/py/gone') await new Promise((resolve) => raw.once('close', resolve))
      })
      app.addHook('onError', async ({ raw }) => raw.url === '/py/gone' && reached.resolve())
      const slow = { slowRequests: '20ms', dataDir: data, workers: 1 }
      await app.register(wasgi, { app: testApp('patient.py'), prefix: '/py', ...slow })
      const url = await app.listen({ port: 0 })
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      socket.write('GET /py/gone HTTP/1.1\r\nHost: a\r\n\r\n', () => socket.destroy())
      await reached.promise

      const waiting = app.inject('/py/report?go')
      await first.promise
      writeFileSync(join(data, 'go'), '')
      await waiting

      assert.equal(told, ['/py/report'])
    } finally {
      await app.close()
    }
  })
)

test(
  "the access log has the line that is asked for in gunicorn's syntax",
  within(LIMIT_MS, async () => {
    const format =
      '%(h)s "%(r)s" %(s)s %(b)s %({x-request-id}i)s %({Content-Type}o)s %({HTTP_HOST}e)s'
    const args = ['--workers', '1', '--access-log-format', format]
    const server = await serve(['pyapps/hello.py', ...args])
    try {
      await server.request('/x?y', { headers: { 'x-request-id': 'a"b', host: 'shop.example' } })
      const [line] = await server.logged(/^127\.0\.0\.1 .*\n/m)

      const rest = '200 10 a\\"b text/plain; charset=utf-8 shop.example\n'
      assert.is(line, `127.0.0.1 "GET /x?y HTTP/1.1" ${rest}`)
    } finally {
      await server.close()
    }
  })
)

test(
  'a format that means nothing is a configuration error that names what is wrong in it',
  within(LIMIT_MS, async () => {
    const wrong = [
      ['--access-log-format', '%(h)s %(nonsense)s %(s)d'],
      ['--access-log-format', '%(h)s', '--access-log', 'json']
    ]

    const endings = []
    for (const args of wrong) {
      const started = runWasgi(['serve', 'pyapps/hello.py', '--port', '0', ...args])
      endings.push([await started.exited, started.log()])
    }

    assert.equal(
      endings.map(([code]) => code),
      [3, 3]
    )
    assert.match(String(endings[0]), /access_log_format must be .*"%\(nonsense\)s", "%\(s\)d"/)
    assert.match(String(endings[0]), /\(from --access-log-format\)\. +WASGI_ERR_CONFIG_INVALID/)
    assert.match(String(endings[1]), /access_log_format must be left out with access_log = "json"/)
  })
)

test(
  'logs go to files, which are opened anew when they have been moved away',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    const [accessLogFile, logFile] = [join(folder, 'access.log'), join(folder, 'wasgi.log')]
    const flags = { app: 'pyapps/hello.py', port: '0', workers: '1', accessLogFile, logFile }
    const line = { flags, variables: {}, folder: process.cwd() }
    const server = await startServer(settingsFromCommandLine(line))
    try {
      await fetchRaw(server.url, '/before')
      await changed(folder, () => /"GET \/before /.test(readFileSync(accessLogFile, 'utf8')))
      renameSync(accessLogFile, `${accessLogFile}.1`)

      server.reopenLogs()
      await fetchRaw(server.url, '/after')
      await changed(folder, () => /"GET \/after /.test(readFileSync(accessLogFile, 'utf8')))

      assert.match(readFileSync(logFile, 'utf8'), /interpreter ready group=default/)
      assert.not.match(readFileSync(accessLogFile, 'utf8'), 'before')
      assert.not.match(readFileSync(`${accessLogFile}.1`, 'utf8'), 'after')
    } finally {
      await server.close()
    }
  })
)

test.run()
