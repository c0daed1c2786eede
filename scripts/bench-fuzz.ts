// `npm run fuzz`: a million fuzzed requests, or `--count`, through one server with one worker. Prints
// counts by status as it goes, and what failed, as small as it could be made. Goes on where an earlier
// run stopped with `--seed` and `--from`. Exits 1 when something failed.
import { parseArgs } from 'node:util'
import { testApp } from '../test/e2e/places.ts'
import { FUZZED_ARGS, Fuzzer } from '../test/fuzz/fuzzer.ts'
import { fuzzCase } from '../test/fuzz/generator.ts'
import { openFiles, residentBytes } from '../test/fuzz/memory.ts'
import { serve } from '../test/serve.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    from: { type: 'string', default: '0' },
    count: { type: 'string', default: '1000000' },
    /** Ends after so many failures. */
    failures: { type: 'string', default: '10' }
  }
})
const seed = Number(values.seed)
const from = Number(values.from)
const count = Number(values.count)
const mostFailures = Number(values.failures)
const BATCH = 200
const LINE_EVERY = 10_000
const MEBIBYTE = 2 ** 20

console.log(`seed ${seed}; Node ${process.version} on ${process.platform} ${process.arch}`)
const server = await serve([testApp('marking.py'), ...FUZZED_ARGS])
const fuzzer = new Fuzzer(server)
const startedAt = performance.now()
let failed = 0

function line(): string {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  const held = `${Math.round(residentBytes(server.pid) / MEBIBYTE)} MiB, ${openFiles(server.pid)} files`
  const counts = Object.entries(fuzzer.counts)
    .sort()
    .map(([word, times]) => `${word}: ${times}`)
    .join(', ')
  return `${fuzzer.sent} requests sent, ${fuzzer.seen} seen, ${seconds} s, ${held} | ${counts}`
}

/** Inputs hold two requests on average; it is requests that are counted. */
let index = from
let printedAt = 0
while (fuzzer.sent < count && failed < mostFailures) {
  const inputs = Array.from({ length: BATCH }, (_, offset) => fuzzCase(seed, index + offset))
  const reports = await fuzzer.batch(inputs)
  for (const report of reports) console.log(`FAILED in --from ${index}: ${report}`)
  failed += reports.length
  index += BATCH
  if (fuzzer.sent - printedAt >= LINE_EVERY) {
    printedAt = fuzzer.sent
    console.log(`--from ${index}: ${line()}`)
  }
}
console.log(`${line()}\n${failed} failed; go on with --seed ${seed} --from ${index}`)
await server.close()
process.exitCode = failed === 0 ? 0 : 1
