// What a dispatch script may change about who answers a request: names of places where the mount's
// application is, nothing else.
import { applicationGroupOf, type Site } from '../../config/application-group.ts'
import type { RequestGroup } from '../../dispatch/group.ts'
import type { Currency } from '../currency.ts'
import { HookFailure, type Verdict } from './questions.ts'

/** Interpreters that have a mount's application. */
export interface Destination {
  readonly group: RequestGroup
  /** Asked first whether they have the code that is on disk. */
  readonly currency?: Currency | undefined
  /** The application's number in them. */
  readonly application: number
  /** As `import mod_wsgi` tells it there: '' is the embedded one. */
  readonly processGroup: string
  /** '' is %{GLOBAL}. */
  readonly applicationGroup: string
  /** The process group as the configuration calls it. */
  readonly configured: string
}

/** All that a mount's dispatch script has to choose from. */
export interface Routes {
  /** Where requests go that it says nothing about. */
  readonly own: Destination
  /** Those of `dispatch_groups`. */
  readonly others: readonly Destination[]
  /** What %{SERVER} and %{RESOURCE} are made from. */
  readonly site: Site
  readonly mount: string
}

/** What the script has chosen. */
export interface Route {
  readonly destination: Destination
  /** Undefined is what is configured. */
  readonly callableObject: string | undefined
}

/** Reads a script's answer. Throws HookFailure for a choice that cannot be had. */
export function readRoute(verdict: Verdict, routes: Routes): Route {
  const destination = destinationOf(verdict, routes)
  const callableObject = verdict.text('callable_object')
  if (
    callableObject !== undefined &&
    !/^[\p{ID_Start}_][\p{ID_Continue}]*$/u.test(callableObject)
  ) {
    throw new HookFailure(
      `it chose the callable ${JSON.stringify(callableObject)}, which is no name`
    )
  }
  return { destination, callableObject }
}

function destinationOf(verdict: Verdict, { own, others, site, mount }: Routes): Destination {
  const process = verdict.text('process_group')
  const application = verdict.text('application_group')
  if (process === undefined && application === undefined) return own
  // mod_wsgi expands %{...} in what a script returns.
  const processGroup = process === '%{GLOBAL}' ? '' : (process ?? own.configured)
  const applicationGroup =
    application === undefined
      ? own.applicationGroup
      : applicationGroupOf({ applicationGroup: application, mount }, site)
  const found = [own, ...others].find(
    (each) =>
      [each.processGroup, each.configured].includes(processGroup) &&
      each.applicationGroup === applicationGroup
  )
  if (found !== undefined) return found
  throw new HookFailure(noSuchPlace(processGroup, applicationGroup, own))
}

/** With what it takes to change that. */
function noSuchPlace(process: string, application: string, own: Destination): string {
  const [group, part] = [process || '%{GLOBAL}', application || '%{GLOBAL}']
  const entry = application === own.applicationGroup ? group : `${group}|${part}`
  const advice =
    process === ''
      ? 'have a group with mode = "embedded" in dispatch_groups of its mount'
      : `have "${entry}" in dispatch_groups of its mount`
  return `it chose the process group "${group}" and the application group "${part}", where this application is not loaded: ${advice}`
}
