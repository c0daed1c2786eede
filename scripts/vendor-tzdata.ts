// Refreshes the time zone database that Python falls back on: the newest tzdata wheel of the
// configured index, as is, with its licence beside it. Run by hand: node scripts/vendor-tzdata.ts
// It needs a host Python with pip, which knows the index; nothing else of wasgi does.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'

const VENDOR = new URL('../workers/python/vendor/', import.meta.url)
// tzdata is under Apache 2.0, the data itself in the public domain: the first file says so.
const LICENCES = [/\.dist-info\/licenses\/LICENSE$/, /\.dist-info\/licenses\/.*LICENSE_APACHE$/]

const folder = mkdtempSync(join(tmpdir(), 'wasgi-tzdata-'))
try {
  const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '-d', folder, 'tzdata']
  execFileSync('python3', pip, { stdio: 'inherit' })
  const [wheel] = readdirSync(folder).filter((name) => name.endsWith('.whl'))
  if (wheel === undefined) throw new Error('pip downloaded no wheel')
  const bytes = readFileSync(join(folder, wheel))
  for (const old of readdirSync(VENDOR).filter((name) => name.startsWith('tzdata')))
    rmSync(new URL(old, VENDOR))
  writeFileSync(new URL(wheel, VENDOR), bytes)
  writeFileSync(new URL('tzdata.LICENSE', VENDOR), licenceOf(bytes))
  console.log(`vendored ${wheel}`)
} finally {
  rmSync(folder, { recursive: true })
}

function licenceOf(wheel: Buffer): string {
  const texts = LICENCES.map((pattern) => memberOf(wheel, pattern))
  return texts.join(`\n${'-'.repeat(80)}\n\n`)
}

/** The first file of a zip archive whose name matches, found through the central directory. */
function memberOf(zip: Buffer, pattern: RegExp): string {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const nameLength = zip.readUInt16LE(at + 28)
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    if (pattern.test(name)) {
      const size = zip.readUInt32LE(at + 20)
      const local = zip.readUInt32LE(at + 42)
      const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
      const bytes = zip.subarray(data, data + size)
      const stored = zip.readUInt16LE(at + 10) === 0
      return (stored ? bytes : inflateRawSync(bytes)).toString('utf8')
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  throw new Error(`the wheel holds no file like ${pattern}`)
}
