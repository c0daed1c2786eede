// stack_size: how deep Python and JavaScript may call each other, and that too deep is the request's own affair.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { testApp } from '../e2e/places.ts'
import { serve } from '../serve.ts'
import { within } from '../unit/within.ts'

const LIMIT_MS = 120_000
/** Between what a thread of 1 MiB and one of 8 MiB can do, with room on both sides. */
const DEPTH = 700

const test = suite('the stack of a worker')

async function texts(args: readonly string[], paths: readonly string[]): Promise<string[]> {
  const server = await serve([testApp('crossing.py'), '--workers', '1', ...args])
  try {
    const replies: string[] = []
    for (const path of paths) replies.push((await server.request(path)).text)
    return replies
  } finally {
    await server.close()
  }
}

test(
  'Python and JavaScript call each other as deep as stack_size allows, and the worker lives',
  within(LIMIT_MS, async () => {
    const small = await texts(['--stack-size', '1M'], [`/${DEPTH}`, '/3'])
    const usual = await texts([], [`/${DEPTH}`, '/3'])

    assert.match(small[0] ?? '', /^default\/1 failed: /)
    assert.is(small[1], 'default/1 came back')
    assert.equal(usual, ['default/1 came back', 'default/1 came back'])
  })
)

test.run()
