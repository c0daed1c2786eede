// The WASGI_* variables of the process. An empty variable counts as not set.

import { WasgiError } from '../errors.ts'
import { type OptionName, optionNames, variableOf } from './schema.ts'
import { didYouMean } from './suggest.ts'
import type { Given, Layer } from './value.ts'

/** Variables with that prefix which are not options: the name of the file, and one for debugging. */
const OTHERS: readonly string[] = ['WASGI_CONFIG', 'WASGI_JS_STACK']

/** What the variables give. One that names no option is an error: it is most likely a slip. */
export function fromVariables(
  variables: Readonly<Record<string, string | undefined>>,
  folder: string
): Layer {
  const names = new Map(optionNames('command').map((name) => [variableOf(name), name]))
  const layer: Partial<Record<OptionName, Given>> = {}
  for (const [variable, raw] of Object.entries(variables)) {
    if (!variable.startsWith('WASGI_') || OTHERS.includes(variable)) continue
    const name = names.get(variable)
    if (name === undefined) {
      const hint = didYouMean(variable, [...names.keys(), ...OTHERS])
      throw new WasgiError('WASGI_ERR_CONFIG_UNKNOWN', [variable, 'the environment', hint])
    }
    if (raw) layer[name] = { raw, origin: variable, base: folder, written: true }
  }
  return layer
}
