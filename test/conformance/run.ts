// Tries every promise of the table on one transport. `node test/conformance/tcp.test.ts 'underscore'`
// tries some: a pattern for the section and the sentence.
import { within } from '../unit/within.ts'
import { Place } from './place.ts'
import type { Row, Transport, Wire } from './row.ts'
import { endWithThisProcess } from './servers.ts'
import { loadRows, transportsOf } from './table.ts'

const LIMIT_MS = 30_000
const START_LIMIT_MS = 120_000

export async function conform(transport: Transport): Promise<void> {
  const pattern = new RegExp(process.argv[2] ?? '')
  const rows = (await loadRows()).filter(
    (row) => transportsOf(row).includes(transport) && pattern.test(`${row.section}: ${row.promise}`)
  )
  // Only now: uvu runs what is there one turn after it was loaded.
  const { suite } = await import('uvu')
  const test = suite(`conformance over ${transport}`)
  const lenient = new Place(transport, false)
  const strict = new Place(transport, true)
  endWithThisProcess()
  test.after(async () => {
    await lenient.close()
    await strict.close()
  })
  for (const row of rows) {
    const place = row.strict === true ? strict : lenient
    test(
      `${transport}: ${row.promise}`,
      within(START_LIMIT_MS + LIMIT_MS, () => tried(row, place))
    )
  }
  test.run()
}

async function tried(row: Row, place: Place): Promise<void> {
  const wire = await place.wire()
  try {
    await within<undefined>(LIMIT_MS, () => checked(row, wire))(undefined)
  } catch (error) {
    // Whatever a broken promise has left behind is not the next row's.
    await place.close()
    throw error
  }
}

/** What an earlier row has noted is not this one's. */
async function checked(row: Row, wire: Wire): Promise<void> {
  await wire.journal()
  await wire.log()
  await row.check(wire)
}
