// Turns what the operator asked for, with pip's settings, into a job for the guest and a grant for
// its host. Credentials and local paths go into the grant alone.
import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IndexGrant, IndexLocation, JobRequirement } from '../../workers/packages/messages.ts'
import { WasgiError } from '../errors.ts'
import type { InstallRequest } from './install.ts'
import { type PipSurroundings, readPipSettings, type Variables } from './pip-settings.ts'
import { type RequirementLine, readRequirementsFiles } from './requirements-file.ts'

export interface PreparedRequest {
  readonly requirements: readonly JobRequirement[]
  readonly constraints: readonly JobRequirement[]
  readonly pre: boolean
  readonly grant: IndexGrant
}

/** A wheel by path or URL: the address, then extras and marker. */
const WHEEL = /^(.*?\.whl(?:#\S*)?)\s*((?:\[[^\]]*\])?\s*(?:;.*)?)$/i
const REMOTE = /^https?:\/\//i
const NAMED_URL = /^([A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*@\s*)(\S+)(.*)$/

/** Reads files and settings. Relative paths of the command line count from `folder`. */
export function prepareRequest(
  request: InstallRequest,
  surroundings: PipSurroundings,
  folder: string
): PreparedRequest {
  const pip = readPipSettings(surroundings)
  const files = readRequirementsFiles(request.requirementFiles, surroundings.variables)
  const wheels = new WheelAddresses()
  const spoken = request.requirements.map(
    (text): RequirementLine => ({
      text,
      hashes: [],
      origin: 'the command line',
      folder,
      constraint: false
    })
  )
  const lines = [...spoken, ...files.lines]
  const jobs = (constraint: boolean): JobRequirement[] =>
    lines.filter((line) => line.constraint === constraint).map((line) => wheels.resolve(line))
  const indexUrl = request.indexUrl ?? files.indexUrl ?? pip.indexUrl
  const extra = [...request.extraIndexUrls, ...files.extraIndexUrls, ...pip.extraIndexUrls]
  const noIndex = pip.noIndex && request.indexUrl === undefined
  const indexes = noIndex ? [] : [...(indexUrl === undefined ? [] : [indexUrl]), ...extra]
  return {
    requirements: jobs(false),
    constraints: jobs(true),
    pre: request.pre || files.pre || pip.pre,
    grant: {
      indexes: distinct(indexes.map(locateIndex)),
      addDefaults: indexUrl === undefined && !noIndex,
      directUrls: wheels.remote,
      localWheels: wheels.local,
      trustedHosts: [...files.trustedHosts, ...pip.trustedHosts],
      timeoutMs: pip.timeoutMs,
      proxyEnv: proxyVariables(surroundings.variables, pip.proxy),
      ...(pip.cert === undefined ? {} : { ca: readCertificates(pip.cert) })
    }
  }
}

/** Collects the wheels that requirements name by address. */
class WheelAddresses {
  readonly remote: string[] = []
  readonly local: string[] = []

  resolve({ text, hashes, origin, folder }: RequirementLine): JobRequirement {
    const named = NAMED_URL.exec(text)
    if (named !== null) {
      const [, before = '', address = '', after = ''] = named
      return {
        text: `${before}${this.#address(address, folder, text, origin)}${after}`,
        hashes,
        origin
      }
    }
    const wheel = WHEEL.exec(text)
    if (wheel === null) {
      if (REMOTE.test(text) || /^(?:\.{1,2}$|\.{0,2}\/|file:|git\+)/.test(text)) {
        throw unusable(text, origin, 'only wheels can be installed from a path or a URL')
      }
      return { text, hashes, origin }
    }
    const [, address = '', rest = ''] = wheel
    return { text: rest, wheel: this.#address(address, folder, text, origin), hashes, origin }
  }

  #address(address: string, folder: string, text: string, origin: string): string {
    if (REMOTE.test(address)) {
      const { url } = splitCredentials(address)
      this.remote.push(url)
      return url
    }
    if (/^[a-z][a-z+]+:/i.test(address) && !address.startsWith('file:')) {
      throw unusable(text, origin, 'only http, https and file addresses can be read')
    }
    const [plain = '', hash] = address.split('#')
    const path = plain.startsWith('file:') ? fileURLToPath(plain) : resolve(folder, plain)
    this.local.push(path)
    const name = encodeURIComponent(basename(path)).replaceAll('%2B', '+')
    return `local:${this.local.length - 1}/${name}${hash === undefined ? '' : `#${hash}`}`
  }
}

function locateIndex(address: string): IndexLocation {
  const { url, authorization } = splitCredentials(address)
  const plain = url.replace(/\/+$/, '')
  return authorization === undefined ? { url: plain } : { url: plain, authorization }
}

function splitCredentials(address: string): { url: string; authorization?: string } {
  const url = URL.parse(address)
  if (url === null || !REMOTE.test(address)) {
    throw new WasgiError('WASGI_ERR_INDEX_UNREACHABLE', [address, 'it is not an http or https URL'])
  }
  const { username, password } = url
  url.username = url.password = ''
  if (username === '' && password === '') return { url: url.href }
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { url: url.href, authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

function distinct(indexes: IndexLocation[]): IndexLocation[] {
  return [...new Map(indexes.toReversed().map((index) => [index.url, index])).values()].reverse()
}

function proxyVariables(variables: Variables, proxy: string | undefined): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy']) {
    const value = variables[name] ?? variables[name.toUpperCase()]
    if (value) found[name] = value
  }
  return proxy === undefined ? found : { ...found, http_proxy: proxy, https_proxy: proxy }
}

function readCertificates(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = 'the certificates that pip is configured with cannot be read'
    throw new WasgiError('WASGI_ERR_INDEX_UNREACHABLE', [path, reason], { cause: error })
  }
}

function unusable(text: string, origin: string, reason: string): WasgiError {
  return new WasgiError('WASGI_ERR_REQUIREMENT_INVALID', [text, origin, reason])
}
