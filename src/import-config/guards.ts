// Directives by which Apache refuses requests and that nothing here stands for: what one of them keeps out
// must not come in without a word.

import { type Import, named, noteOf } from './context.ts'
import type { Note } from './draft.ts'
import { reachOf, type Scoped } from './scope.ts'
import { words } from './words.ts'

/** What needs a hand, and what is to be said then. */
interface Guard {
  /** Whether it keeps nobody out, or what it keeps out is kept out here, too. */
  readonly harmless: (args: readonly string[], given: Import, guard: Scoped) => boolean
  readonly text: string
}

const ELSEWHERE =
  'it is not in force here: leave it to a proxy in front, to an access_script or to the application.'

function first(...harmless: readonly string[]): Guard {
  return {
    harmless: ([word = '']) => harmless.includes(word.toLowerCase()),
    text: ELSEWHERE
  }
}

const GUARDS: Readonly<Record<string, Guard>> = {
  sslverifyclient: first('none'),
  sslrequire: first(),
  sslrequiressl: {
    harmless: (_args, { draft }) => draft.top.values.has('certificate'),
    text: ELSEWHERE
  },
  satisfy: {
    ...first('all'),
    text: 'there is no either-or here: access_script and auth_user_script must both consent.'
  },
  authmerging: {
    ...first('off'),
    text: 'what is required further out counts, too, in Apache, and is left out here: add it.'
  },
  order: {
    harmless: ([order = ''], { active }, { host, within }) =>
      order.toLowerCase() === 'deny,allow' ||
      // What another section allows is not allowed in this one.
      named(active, 'Allow').some(
        (allow) =>
          /^from\s+all$/i.test(allow.directive.args) &&
          allow.host === host &&
          allow.within.at(-1) === within.at(-1)
      ),
    text: ELSEWHERE
  },
  authbasicprovider: providers(),
  authdigestprovider: providers(),
  allowmethods: first('reset'),
  redirect: { harmless: ([status = '']) => !refuses(status), text: ELSEWHERE },
  redirectmatch: { harmless: ([status = '']) => !refuses(status), text: ELSEWHERE },
  rewriterule: {
    harmless: (args) =>
      !/^\[(?:.*,)?\s*(?:F|forbidden|G|gone|R=[45]\d\d)\s*(?:,.*)?\]$/i.test(args[2] ?? ''),
    text: ELSEWHERE
  },
  requestheader: {
    harmless: ([action = '', name = '']) =>
      action.toLowerCase() === 'unset' && name.toLowerCase() === 'proxy',
    text: 'a client can send what it takes away or replaces: have a proxy in front do it.'
  }
}

function providers(): Guard {
  return {
    harmless: (args) => args.length === 1 && args[0]?.toLowerCase() === 'wsgi',
    text: 'auth_user_script alone knows users here.'
  }
}

function refuses(status: string): boolean {
  return /^(?:gone|[45]\d\d)$/i.test(status)
}

/** What is to be said of a directive that keeps somebody out; undefined of any other. */
export function guardNote(given: Import, scoped: Scoped): Note | undefined {
  const guard = guardOf(scoped)
  if (guard === undefined) return undefined
  if (guard.harmless(words(scoped.directive.args), given, scoped)) return undefined
  const elsewhere = given.applications.every((each) => reachOf(scoped.within, each) === 'none')
  return elsewhere ? undefined : noteOf(scoped, 'by hand', guard.text)
}

function guardOf({ directive }: Scoped): Guard | undefined {
  const name = directive.name.toLowerCase()
  return Object.hasOwn(GUARDS, name) ? GUARDS[name] : undefined
}
