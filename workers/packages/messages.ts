// Everything that crosses between the main thread and the installer's thread. The guest sees the
// `job` alone, as JSON; where the index is and how to log in there stays with the host.
import type { InterpreterAssets } from '../boot/assets.ts'

/** A file put into the guest's memory before Python starts. */
export interface GuestFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** workerData of the installer's thread. */
export interface InstallerData {
  readonly assets: InterpreterAssets
  /** Source of workers/packages/installer.js. */
  readonly script: string
  readonly files: readonly GuestFile[]
  /** What goes in front of `sys.path`. */
  readonly searchPath: readonly string[]
}

/** An index and, where its URL carried them, the credentials for it. */
export interface IndexLocation {
  /** Without credentials and without a slash at its end. */
  readonly url: string
  /** Value of the Authorization header, for this index's origin alone. */
  readonly authorization?: string
}

/** What the host lets the guest fetch, and how. */
export interface IndexGrant {
  readonly indexes: readonly IndexLocation[]
  /** Put the indexes that pip itself uses in front, since no other was configured. */
  readonly addDefaults: boolean
  /** Wheels that the operator named by URL: their origins are allowed, too. */
  readonly directUrls: readonly string[]
  /** Wheels that the operator named by path; the guest knows them as `local:N/name`. */
  readonly localWheels: readonly string[]
  /** PEM certificates to trust in place of Node's own list. */
  readonly ca?: string
  /** `host` or `host:port` for which neither TLS nor a good certificate is asked. */
  readonly trustedHosts: readonly string[]
  readonly timeoutMs: number
  /** The variables that name proxies, by their usual names. */
  readonly proxyEnv: Readonly<Record<string, string>>
}

/** One requirement of the operator's. */
export interface JobRequirement {
  /** PEP 508 text, or what follows the wheel: its extras and marker. */
  readonly text: string
  /** URL of a wheel that stands without a name: `https:` or `local:`. */
  readonly wheel?: string
  /** `sha256:...`, from `--hash`. */
  readonly hashes: readonly string[]
  /** Where it was written, for messages. */
  readonly origin: string
}

/** What is in the target folder already. */
export interface InstalledDistribution {
  /** Name of its `.dist-info` folder. */
  readonly folder: string
  readonly metadata: string
}

/** What the guest is told; its indexes are added by the installer's thread. */
export interface Job {
  readonly requirements: readonly JobRequirement[]
  readonly constraints: readonly JobRequirement[]
  readonly installed: readonly InstalledDistribution[]
  readonly pre: boolean
  readonly upgrade: boolean
}

/** main → installer; one at a time. */
export interface RunMessage {
  readonly kind: 'run'
  readonly job: Job
  readonly grant: IndexGrant
  /** An empty folder that is there already; nothing is written outside of it. */
  readonly staging: string
}

/** installer → main, any number of times, before the answer. */
export interface ProgressMessage {
  readonly kind: 'progress'
  readonly step: 'resolving' | 'downloading' | 'building'
  readonly name: string
  readonly version: string
  readonly detail: string
}

/** installer → main, once for each `run`. */
export interface AnswerMessage {
  readonly kind: 'answer'
  readonly answer: InstallAnswer
}

/** A package of the plan: unpacked in the staging folder, or kept as it is. */
export interface PlannedPackage {
  readonly name: string
  readonly version: string
  /** Name of its folder in the staging folder; '' when it is kept. */
  readonly staged: string
  /** `.dist-info` folder of the version that it replaces, or ''. */
  readonly replaces: string
}

/** What `wasgi_install.boundary.run` answers, or what broke instead. */
export type InstallAnswer =
  | { readonly ok: true; readonly packages: readonly PlannedPackage[] }
  | { readonly ok: false; readonly code: string; readonly args: readonly string[] }
  | { readonly ok: false; readonly code: 'broken'; readonly text: string }

export type FromInstaller = ProgressMessage | AnswerMessage
