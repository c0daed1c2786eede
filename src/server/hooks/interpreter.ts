// The interpreter of an application's hooks: one for all of its scripts, in the main thread, as mod_wsgi
// runs them embedded in %{GLOBAL}.
import { realpath } from 'node:fs/promises'
import { assertRootAllowed } from '../../config/root.ts'
import type { ResolvedSettings, Settings } from '../../config/settings.ts'
import { resolveTarget } from '../../config/target.ts'
import { type GroupEvents, type GroupOptions, ProcessGroup } from '../../dispatch/group.ts'
import type { SharedLocks } from '../../dispatch/shared-locks.ts'
import { WasgiError } from '../../errors.ts'
import type { HookScript } from '../../wire/messages.ts'
import { encodeRequestHead } from '../../wire/request-head.ts'
import { groupOptions } from '../group-options.ts'
import type { RequestFacts } from '../request-facts.ts'
import { type Follow, HookFailure, type Question, Verdict } from './questions.ts'

/** What Python sees the first script's folder as; see group-options.ts. */
const FIRST_ROOT = '/app'

export class HookInterpreter {
  readonly group: ProcessGroup

  private constructor(group: ProcessGroup) {
    this.group = group
  }

  /** Begins to start it, in a group called `name`; if `lazy_initialization` is on, nearly nothing. */
  static async begin(
    resolved: ResolvedSettings,
    name: string,
    locks: SharedLocks,
    events: GroupEvents
  ): Promise<HookInterpreter> {
    const options = await hookOptions(resolved, name)
    return new HookInterpreter(ProcessGroup.begin(options, locks, events))
  }

  /**
   * Rejects with a HookFailure, or with whatever ended the interpreter. `follow` may cancel what has begun.
   */
  async ask(
    question: Question,
    { line, headers }: RequestFacts,
    label: string,
    follow: Follow
  ): Promise<Verdict> {
    const head = encodeRequestHead(line, headers)
    if (head === undefined) {
      throw new WasgiError('WASGI_ERR_BAD_REQUEST', ['its head has characters that HTTP forbids'])
    }
    const body = Buffer.from(JSON.stringify(question))
    const exchange = this.group.handle({
      head,
      label,
      body: new Uint8Array(body),
      source: undefined
    })
    follow(exchange)
    const response = await exchange.response
    if (typeof response.body !== 'string' && !(response.body instanceof Uint8Array)) {
      response.body.destroy()
      throw new HookFailure('it gave no answer')
    }
    return new Verdict(response.headers.verdict)
  }
}

/** Which scripts the settings name, and for which function each. */
export function scriptsOf(settings: Settings): ReadonlyArray<Omit<HookScript, 'file'>> {
  const { accessScript, authUserScript, authGroupScript, dispatchScript, authType } = settings
  const check = authType === 'basic' ? 'check_password' : 'get_realm_hash'
  const scripts: Omit<HookScript, 'file'>[] = []
  const add = (kind: HookScript['kind'], target: string | undefined, name: string | null): void => {
    if (target !== undefined) scripts.push({ kind, target, function: name })
  }
  add('access', accessScript, 'allow_access')
  add('user', authUserScript, check)
  add('group', authGroupScript, 'groups_for_user')
  add('dispatch', dispatchScript, null)
  return scripts
}

/** As of an application whose target is the first script; the others' folders lie beside. */
async function hookOptions(resolved: ResolvedSettings, name: string): Promise<GroupOptions> {
  const scripts = scriptsOf(resolved.settings)
  const first = scripts[0]?.target ?? ''
  const embedded = { mode: 'embedded', isolation: 'worker', workers: 1, warmup: [] } as const
  const named = { app: first, root: undefined, processGroup: name, maximumRequests: 0 }
  const settings = { ...resolved.settings, ...embedded, ...named }
  const { options } = await groupOptions({ ...resolved, settings }, [])
  const grants = [...options.boot.grants]
  const hooks: HookScript[] = []
  for (const script of scripts) {
    const { root, file } = await resolveTarget(script.target, undefined, resolved.base)
    if (file === null) throw noFile(script.target)
    const hostPath = await realpath(root)
    let grant = grants.find((each) => each.hostPath === hostPath && !each.writable)
    if (grant === undefined) {
      assertRootAllowed(hostPath)
      grant = { guestPath: `/hooks${hooks.length}`, hostPath, writable: false, hideDotNames: true }
      grants.push(grant)
    }
    hooks.push({ ...script, file: `${grant.guestPath}${file.slice(FIRST_ROOT.length)}` })
  }
  const application = { ...options.boot.application, hooks }
  const identity = { ...options.boot.identity, applicationGroup: '' }
  const own = { grants, application, identity, multiprocess: false }
  return { ...options, boot: { ...options.boot, ...own } }
}

function noFile(target: string): WasgiError {
  return new WasgiError('WASGI_ERR_APP_NOT_FOUND', [target, 'a hook is a Python file'])
}
