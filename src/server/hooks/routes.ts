// What a dispatch script may change about who answers a request: names that are configured, nothing else.
import { HookFailure, type Verdict } from './questions.ts'

/** What the script has chosen; undefined is what is configured. */
export interface Route {
  /** '' is %{GLOBAL}, the embedded interpreter. */
  readonly processGroup: string | undefined
  readonly applicationGroup: string | undefined
  readonly callableObject: string | undefined
}

/** The groups that there are to choose from. */
export interface Routes {
  readonly processGroup: string
  readonly applicationGroup: string
}

/** Reads a script's answer. Throws HookFailure for a choice that cannot be had. */
export function readRoute(verdict: Verdict, there: Routes): Route {
  const route = {
    processGroup: chosen(verdict, 'process_group'),
    applicationGroup: chosen(verdict, 'application_group'),
    callableObject: verdict.text('callable_object')
  }
  for (const name of ['processGroup', 'applicationGroup'] as const) {
    const choice = route[name]
    if (choice !== undefined && choice !== there[name]) {
      const kind = name === 'processGroup' ? 'process' : 'application'
      throw new HookFailure(
        `it chose the ${kind} group "${choice}", which this application has not`
      )
    }
  }
  const { callableObject } = route
  if (
    callableObject !== undefined &&
    !/^[\p{ID_Start}_][\p{ID_Continue}]*$/u.test(callableObject)
  ) {
    throw new HookFailure(
      `it chose the callable ${JSON.stringify(callableObject)}, which is no name`
    )
  }
  return route
}

/** mod_wsgi expands `%{GLOBAL}` in what a script returns. */
function chosen(verdict: Verdict, name: string): string | undefined {
  const text = verdict.text(name)
  return text === '%{GLOBAL}' ? '' : text
}
