// Wipes cost nothing that adds up: neither memory nor descriptors grow, however many there are.
import { readdirSync } from 'node:fs'
import Fastify, { type FastifyInstance } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { wasgi } from '../../src/index.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 300_000
const WIPES = 500
const STAINS = ['descriptors', 'created', 'objects', 'modules', 'renamed']
const test = suite('many wipes')

interface Weight {
  readonly heapBytes: number
  readonly descriptors: number
  readonly generation: number
}

function weigh(app: FastifyInstance): Weight {
  const [interpreter, ...more] = app.wasgi.interpreters()
  assert.ok(interpreter !== undefined && more.length === 0)
  const { heapBytes, generation } = interpreter
  return { heapBytes, generation, descriptors: readdirSync('/proc/self/fd').length }
}

async function stain(app: FastifyInstance, times: number): Promise<void> {
  for (let round = 0; round < times; round++) {
    const reply = await app.inject(`/stain/${STAINS[round % STAINS.length]}`)
    assert.is(reply.statusCode, 200, reply.body)
  }
}

test(
  `the memory and the descriptors of an interpreter are the same after ${WIPES} wipes`,
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    await app.register(wasgi, {
      app: testApp('stained.py'),
      workers: 1,
      isolation: 'request',
      dataDir: temporaryFolder(),
      snapshotDir: temporaryFolder(),
      env: { PLAIN: 'plain', OTHER: 'other' }
    })
    await app.ready()
    try {
      await stain(app, 20)
      const before = weigh(app)

      await stain(app, WIPES)
      const last = await app.inject('/look')

      const after = weigh(app)
      assert.is(last.json().counter, 1)
      assert.is(after.heapBytes, before.heapBytes)
      assert.ok(after.descriptors <= before.descriptors, JSON.stringify({ before, after }))
      // One interpreter from first to last, else there was nothing to compare.
      assert.ok(after.generation >= WIPES, JSON.stringify(after))
    } finally {
      await app.close()
    }
  })
)

test.run()
