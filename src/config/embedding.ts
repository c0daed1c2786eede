// mod_wsgi's rule for whether Python runs in the process that takes the requests.

/** What the rule looks at. Hooks always run embedded; each is the path of its script. */
export interface EmbeddingConfig {
  readonly restrictEmbedded?: boolean | undefined
  readonly accessScript?: string | undefined
  readonly authUserScript?: string | undefined
  readonly authGroupScript?: string | undefined
  readonly dispatchScript?: string | undefined
}

const HOOKS = ['accessScript', 'authUserScript', 'authGroupScript', 'dispatchScript'] as const

/**
 * Whether the main thread needs an interpreter, or may have one. `restrictEmbedded` says no only as
 * long as nothing has said yes; a hook says yes, before or after it. Pure.
 * Source: mod_wsgi's `wsgi_python_required`, a tri-state that begins undecided.
 */
export function embeddedRequired(config: EmbeddingConfig): boolean {
  let required: boolean | undefined
  for (const [name, value] of Object.entries(config)) {
    if (name === 'restrictEmbedded' && value === true) required ??= false
    else if (name === 'restrictEmbedded' && value === false) required = true
    else if ((HOOKS as readonly string[]).includes(name) && value !== undefined) required = true
  }
  return required ?? true
}
