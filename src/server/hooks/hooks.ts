// The hooks before an application, in mod_wsgi's order: who may ask at all, who is asking, whether they
// are in the right group, and who is to answer. Nothing but a hook's own consent lets a request through.
import { embeddedRequired } from '../../config/embedding.ts'
import type { ResolvedSettings, Settings } from '../../config/settings.ts'
import type { GroupEvents } from '../../dispatch/group.ts'
import type { SharedLocks } from '../../dispatch/shared-locks.ts'
import { WasgiError } from '../../errors.ts'
import { type RequestFacts, withoutHeaders } from '../request-facts.ts'
import { type Authentication, hasControls } from './authentication.ts'
import { BasicAuthentication } from './basic.ts'
import { DigestAuthentication } from './digest.ts'
import { HookInterpreter, scriptsOf } from './interpreter.ts'
import { type Follow, HookFailure, type Question, type Verdict } from './questions.ts'
import { type Destination, type Routes, readRoute } from './routes.ts'

/** What no hook is told: they are given user and password where it is their business. */
const CREDENTIALS = ['authorization', 'proxy-authorization']
/** The key that wasgi/by_name.py takes the name of the callable from. */
const CALLABLE_OBJECT = 'wasgi.callable_object'

/** A request that may pass, as its application is to see it. */
export interface Passed {
  readonly facts: RequestFacts
  /** Who is to answer it. */
  readonly destination: Destination
}

/** A request on its way through the hooks. */
interface Asked {
  readonly facts: RequestFacts
  readonly label: string
  readonly follow: Follow
}

/** What is known of a request after authentication: keys of the environ. */
type Variables = Readonly<Record<string, string>>

export class Hooks {
  readonly #settings: Settings
  readonly interpreter: Pick<HookInterpreter, 'ask' | 'group'>
  readonly #authentication: Authentication | undefined
  readonly #onFailure: (error: WasgiError) => void

  constructor(
    settings: Settings,
    interpreter: Pick<HookInterpreter, 'ask' | 'group'>,
    onFailure: (error: WasgiError) => void
  ) {
    this.#settings = settings
    this.interpreter = interpreter
    this.#onFailure = onFailure
    const { authUserScript, authType, authRealm } = settings
    if (authUserScript !== undefined) {
      const Scheme = authType === 'basic' ? BasicAuthentication : DigestAuthentication
      this.#authentication = new Scheme(authRealm)
    }
  }

  /** Begins to start the interpreter of the hooks that are configured; undefined if there are none. */
  static async begin(
    resolved: ResolvedSettings,
    name: string,
    locks: SharedLocks,
    events: GroupEvents
  ): Promise<Hooks | undefined> {
    assertConsistent(resolved)
    const { settings } = resolved
    if (scriptsOf(settings).length === 0 || !embeddedRequired(settings)) return undefined
    const interpreter = await HookInterpreter.begin(resolved, name, locks, events)
    return new Hooks(settings, interpreter, (error) => events.onFailure(name, error))
  }

  /**
   * Resolves with what the application is to be told of a request that may pass, and which of `routes` it
   * takes. Rejects with 401 or 403, with WASGI_ERR_HOOK, or whatever failed. `follow` is told of each
   * question.
   */
  async pass(
    facts: RequestFacts,
    label: string,
    routes: Routes,
    follow: Follow = () => {}
  ): Promise<Passed> {
    const asked = { facts: withoutHeaders(facts, CREDENTIALS), label, follow }
    await this.#access(asked)
    const variables = await this.#user(asked, facts)
    const told = isAuthorizationPassed(this.#settings)
      ? facts
      : withoutHeaders(facts, ['authorization'])
    return this.#dispatch({ ...asked, facts: withVariables(told, variables) }, routes)
  }

  async #access(asked: Asked): Promise<void> {
    const { accessScript } = this.#settings
    if (accessScript === undefined) return
    const { outcome } = await this.#ask('access_script', asked, { function: 'allow_access' })
    if (outcome !== 'allowed') throw new WasgiError('WASGI_ERR_ACCESS_DENIED', [asked.label])
  }

  async #user(asked: Asked, { line, headers }: RequestFacts): Promise<Variables> {
    const authentication = this.#authentication
    if (authentication === undefined) return {}
    const authorization = onlyAuthorization(headers)
    const found =
      authorization === undefined
        ? 'refused'
        : await authentication.authenticate(authorization, line, (question) =>
            this.#ask('auth_user_script', asked, question)
          )
    if (typeof found === 'string') {
      throw unauthorized('WASGI_ERR_AUTH_REQUIRED', asked, authentication, found === 'stale')
    }
    const { user } = found
    if (hasControls(user)) {
      throw this.#failure('auth_user_script', asked, 'the name of the user has control characters')
    }
    await this.#group(asked, user, authentication)
    return { REMOTE_USER: user, AUTH_TYPE: authentication.type }
  }

  async #group(asked: Asked, user: string, authentication: Authentication): Promise<void> {
    const { authGroupScript, requireGroup: required } = this.#settings
    if (authGroupScript === undefined) return
    const question = { function: 'groups_for_user', user, required } as const
    const { outcome } = await this.#ask('auth_group_script', asked, question)
    // mod_wsgi's rule: 401 and not 403, since another user may be in the group.
    if (outcome !== 'granted') {
      throw unauthorized('WASGI_ERR_GROUP_REQUIRED', asked, authentication, false)
    }
  }

  async #dispatch(asked: Asked, routes: Routes): Promise<Passed> {
    const { facts } = asked
    const script = 'dispatch_script'
    if (this.#settings.dispatchScript === undefined) return { facts, destination: routes.own }
    const verdict = await this.#ask(script, asked, { function: 'dispatch' })
    try {
      const { destination, callableObject } = readRoute(verdict, routes)
      if (callableObject === undefined) return { facts, destination }
      const chosen = withVariables(facts, { [CALLABLE_OBJECT]: callableObject })
      return { facts: chosen, destination }
    } catch (error) {
      if (!(error instanceof HookFailure)) throw error
      throw this.#failure(script, asked, error.message)
    }
  }

  async #ask(script: string, asked: Asked, question: Question): Promise<Verdict> {
    try {
      return await this.interpreter.ask(question, asked.facts, asked.label, asked.follow)
    } catch (error) {
      if (error instanceof WasgiError) throw error
      const reason = error instanceof HookFailure ? error.message : 'its answer cannot be read'
      throw this.#failure(script, asked, reason)
    }
  }

  #failure(script: string, { label }: Asked, reason: string): WasgiError {
    const error = new WasgiError('WASGI_ERR_HOOK', [script, label, reason])
    this.#onFailure(error)
    return error
  }
}

/** The same for mounts that may share their hooks. */
export function hooksKey(settings: Settings): string {
  const { authType, authRealm, requireGroup, passAuthorization } = settings
  return JSON.stringify([
    scriptsOf(settings),
    authType,
    authRealm,
    requireGroup,
    passAuthorization ?? null
  ])
}

/**
 * What the interpreter of a group's hooks is called by in logs and metrics. No process group is: their
 * names have no colon, and what follows the first one here is the whole name of a group.
 */
export function hooksName(group: string, number: number): string {
  return number === 1 ? `hooks:${group}` : `hooks${number}:${group}`
}

/** Whether the application is told of the Authorization field. */
export function isAuthorizationPassed({ passAuthorization, authUserScript }: Settings): boolean {
  return passAuthorization ?? authUserScript === undefined
}

/** The one Authorization field; two of them are no proof of anything. */
function onlyAuthorization(headers: readonly string[]): string | undefined {
  const found: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() === 'authorization') found.push(headers[i + 1] ?? '')
  }
  return found.length === 1 ? found[0] : undefined
}

function withVariables({ line, headers }: RequestFacts, variables: Variables): RequestFacts {
  return { line: { ...line, variables: { ...line.variables, ...variables } }, headers }
}

function unauthorized(
  code: 'WASGI_ERR_AUTH_REQUIRED' | 'WASGI_ERR_GROUP_REQUIRED',
  { label }: Asked,
  authentication: Authentication,
  stale: boolean
): WasgiError {
  const headers = { 'www-authenticate': authentication.challenge(stale) }
  return new WasgiError(code, [label], { headers })
}

/** One half of what keeps people out is worse than none: it looks as if they were. */
function assertConsistent({ settings, origins }: ResolvedSettings): void {
  const { authUserScript, authGroupScript, requireGroup, dispatchScript, dispatchGroups } = settings
  const wrong = (option: string, must: string, got: string, origin: string): WasgiError =>
    new WasgiError('WASGI_ERR_CONFIG_INVALID', [option, must, got, origin])
  if (authGroupScript !== undefined && authUserScript === undefined) {
    const must = 'given together with auth_user_script, which says who is asking'
    throw wrong('auth_group_script', must, `"${authGroupScript}"`, origins.authGroupScript)
  }
  if (authGroupScript !== undefined && requireGroup.length === 0) {
    const must = 'given together with auth_group_script'
    throw wrong('require_group', must, 'nothing', origins.requireGroup)
  }
  if (dispatchScript === undefined && dispatchGroups.length > 0) {
    const must = 'given together with dispatch_script, which chooses among them'
    throw wrong('dispatch_groups', must, JSON.stringify(dispatchGroups), origins.dispatchGroups)
  }
  if (authGroupScript === undefined && requireGroup.length > 0) {
    const must = 'given together with auth_group_script'
    throw wrong('require_group', must, JSON.stringify(requireGroup), origins.requireGroup)
  }
}
