// mod_wsgi's rule for whether the main thread has an interpreter.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type EmbeddingConfig, embeddedRequired } from '../../src/config/embedding.ts'

const test = suite('embeddedRequired')

const HOOKS = ['accessScript', 'authUserScript', 'authGroupScript', 'dispatchScript'] as const

const ROWS: ReadonlyArray<readonly [config: EmbeddingConfig, required: boolean, why: string]> = [
  [{}, true, 'nothing is said'],
  [{ restrictEmbedded: undefined }, true, 'the restriction is not set'],
  [{ restrictEmbedded: false }, true, 'the restriction is off'],
  [{ restrictEmbedded: true }, false, 'the restriction is on'],
  ...HOOKS.flatMap(
    (hook) =>
      [
        [{ restrictEmbedded: true, [hook]: 'hook.py' }, true, `${hook} after the restriction`],
        [{ [hook]: 'hook.py', restrictEmbedded: true }, true, `${hook} before the restriction`],
        [{ restrictEmbedded: true, [hook]: undefined }, false, `${hook} is not configured`],
        [{ [hook]: 'hook.py' }, true, `${hook} alone`]
      ] as const
  )
]

for (const [config, required, why] of ROWS) {
  test(`${required}: ${why}`, () => {
    assert.is(embeddedRequired(config), required)
  })
}

test.run()
