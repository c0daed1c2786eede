// What can become of a directive, and how the tables of directives say it.

/** What a directive or option is here, as the guide's table has it. */
export type Fit = 'mapped' | 'adapted' | 'not applicable'

/** What became of one that was read. The last two are of whoever imports, not of the directive. */
export type Fate = Fit | 'not yet' | 'by hand' | 'left out'

/** How text of Apache's becomes a value of an option. */
export type Reading = 'seconds' | 'bytes' | 'integer' | 'switch' | 'path' | 'text' | 'texts'

/**
 * Where a value goes. `top`: the server, or all of it. `mount`: each application that the directive is in
 * force for. `env`: a variable for Python. `own`: convert.ts has code for it. `none`: nowhere.
 */
export type Rule =
  | { readonly to: 'top' | 'mount' | 'group'; readonly key: string; readonly reading: Reading }
  | { readonly to: 'env'; readonly variable: string }
  | { readonly to: 'own'; readonly keys: readonly string[] }
  | { readonly to: 'none' }

/** A row of a table, for the importer and for docs/guides/from-mod_wsgi.md. */
export interface Row {
  readonly name: string
  readonly fit: Fit
  readonly rule: Rule
  /** How it is adapted, or why it is not applicable. One sentence or two; '' where there is nothing to say. */
  readonly text: string
}

/** The options that a row is about, as keys of wasgi.toml. */
export function keysOf({ rule }: Row): readonly string[] {
  if (rule.to === 'own') return rule.keys
  if (rule.to === 'env') return [`env.${rule.variable}`]
  return rule.to === 'none' ? [] : [rule.key]
}

export function none(name: string, text: string): Row {
  return { name, fit: 'not applicable', rule: { to: 'none' }, text }
}

export function own(name: string, fit: Fit, keys: readonly string[], text: string): Row {
  return { name, fit, rule: { to: 'own', keys }, text }
}
