// Which traceparent and which request id a log believes.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { requestIdOf, traceFields, traceIdOf } from '../../src/telemetry/trace-context.ts'
import { encodeRequestHead } from '../../src/wire/request-head.ts'

const test = suite('trace context')

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'

test('a valid traceparent has a trace id, one of a later version too', () => {
  const valid = [
    `00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-00`,
    `cc-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`
  ]

  assert.equal(valid.map(traceIdOf), [TRACE, TRACE, TRACE, TRACE])
})

test('an invalid one is ignored, in each way in which the W3C says it is', () => {
  const invalid = [
    undefined,
    '',
    `ff-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01-more`,
    `cc-${TRACE}-${PARENT}-01.more`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE.slice(1)}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01\n`
  ]

  assert.equal(
    invalid.map(traceIdOf).filter((trace) => trace !== undefined),
    []
  )
})

test('a request id is believed if a log can hold it as it is', () => {
  const given = [
    '7b3f-a.b:c/d+e=f@g',
    'x'.repeat(128),
    'x'.repeat(129),
    '',
    'a b',
    'a"b',
    'é',
    'a\nb'
  ]

  assert.equal(given.map(requestIdOf), [
    ...given.slice(0, 2),
    ...Array.from({ length: 6 }, () => undefined)
  ])
})

test('both are found in the head of a request, whatever the case of their names', () => {
  const line = {
    method: 'GET',
    target: '/traceparent',
    httpVersion: '1.1',
    scheme: 'http',
    remoteAddress: '',
    remotePort: '',
    serverName: 'traceparent',
    serverPort: `00-${'1'.repeat(32)}-${PARENT}-01`,
    scriptName: ''
  }
  const head = (headers: string[], variables?: Record<string, string>): string =>
    encodeRequestHead({ ...line, ...(variables && { variables }) }, headers) ?? ''
  const parent = `00-${TRACE}-${PARENT}-01`

  const found = traceFields(head(['TraceParent', parent, 'X-Request-ID', 'r-1']))
  const nothing = traceFields(head(['x', 'traceparent', 'y', parent]))
  const twice = traceFields(head(['traceparent', parent, 'traceparent', parent]))

  const known = [
    { 'wasgi.callable_object': 'shop' },
    { REMOTE_USER: 'traceparent', AUTH_TYPE: parent.replaceAll('b', 'c') }
  ].map((variables) => traceFields(head(['traceparent', parent, 'x-request-id', 'r-1'], variables)))

  assert.equal(found, { trace_id: TRACE, request_id: 'r-1' })
  assert.equal(known, [found, found], 'with what hooks have added')
  assert.equal([nothing, twice], [{}, {}])
})

test.run()
