// The interpreter that an application runs in: what it shares with those before it, and what it lacks.
import * as assert from 'uvu/assert'
import type { Row, Wire } from '../row.ts'
import { assertFailed, telling } from './response-telling.ts'

const section = 'The interpreter'

interface Drawn {
  readonly nth: number
  readonly draws: Readonly<Record<string, string | number>>
}

async function draw(wire: Wire): Promise<Drawn> {
  return (await wire.json({ app: 'drawing', validated: true })) as Drawn
}

/** What has run out of memory is not used any more. */
async function replaceInterpreter(wire: Wire): Promise<void> {
  const target = telling(`('called', 'MemoryError', [])`)
  assertFailed(await wire.send({ app: 'raising', target }), 'MemoryError')
}

export const rows: readonly Row[] = [
  {
    section,
    promise: 'an interpreter draws nothing at random that one before it drew',
    source: 'workerd: topLevelEntropy; gunicorn: post_fork',
    traps: [28],
    check: async (wire) => {
      const seen = new Set<string | number>()
      await replaceInterpreter(wire)
      for (const interpreter of ['first', 'second', 'third']) {
        for (const nth of [1, 2]) {
          const drawn = await draw(wire)

          assert.is(drawn.nth, nth, interpreter)
          for (const [way, value] of Object.entries(drawn.draws)) {
            assert.not.ok(seen.has(value), `${interpreter}: ${way} gives ${value} again`)
            seen.add(value)
          }
        }
        await replaceInterpreter(wire)
      }
    }
  },
  {
    section,
    promise: 'a thread cannot be started: that is a RuntimeError, which the application may handle',
    source: 'Python, threading: Thread.start()',
    traps: [24],
    check: async (wire) => {
      const { status, body } = await wire.send({ app: 'threading_on', validated: true })

      assert.is(status, 200)
      assert.is(body.toString(), 'RuntimeError')
      assert.equal(await wire.journal(), ['the request ran'])
    }
  }
]
