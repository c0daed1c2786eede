// The Chromium of this machine, for tests: Debian's, without a window, and without calls home.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

/** Starts it. Throws when there is none: a test that was skipped would promise what nobody saw. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: executable(), args: ARGUMENTS })
}

/** Notes which workers answer the page's requests, and what goes wrong in it. */
export function watch(page: Page): { workers: Set<string>; faults: string[] } {
  const seen = { workers: new Set<string>(), faults: [] as string[] }
  page.on('response', (response) => {
    const worker = response.headers()['x-worker']
    if (worker !== undefined) seen.workers.add(worker)
    const { pathname } = new URL(response.url())
    // Browsers ask for this one by themselves.
    if (response.status() >= 400 && pathname !== '/favicon.ico') {
      seen.faults.push(`${response.status()} ${pathname}`)
    }
  })
  page.on('pageerror', (error) => seen.faults.push(String(error)))
  page.on('requestfailed', (request) => {
    seen.faults.push(`${request.failure()?.errorText} ${request.url()}`)
  })
  return seen
}

function executable(): string {
  const folders = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)]
  for (const folder of folders) {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {}
    }
  }
  throw new Error('There is no Chromium on this machine: install it (apt-get install chromium).')
}
