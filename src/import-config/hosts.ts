// Which virtual host is imported: one server here is one site. Pure.

import { WasgiError } from '../errors.ts'
import { type Host, hostLabel, isCalled, type Scoped } from './scope.ts'

/** Directives that mount an application. */
const MOUNTING = /^WSGI(ScriptAlias|ScriptAliasMatch|HandlerScript)$/i

/**
 * The wanted host, or the only one with applications; undefined when all are of the server itself.
 * Throws WASGI_ERR_CONFIG_IMPORT when that is not one.
 */
export function chooseHost(
  file: string,
  all: readonly Scoped[],
  hosts: readonly Host[],
  wanted: string | undefined
): Host | undefined {
  const mounting = all.filter(({ directive }) => MOUNTING.test(directive.name))
  const serving = hosts.filter((host) => mounting.some((each) => each.host === host))
  if (wanted !== undefined) return wantedHost(file, hosts, serving, wanted)
  const [first, second] = serving
  if (second === undefined) return first
  throw new WasgiError('WASGI_ERR_CONFIG_IMPORT', [
    file,
    `several virtual hosts have applications: ${listed(serving)}. A server here is one of them: choose with --virtual-host NAME`
  ])
}

function wantedHost(
  file: string,
  hosts: readonly Host[],
  serving: readonly Host[],
  wanted: string
): Host {
  const called = hosts.filter((host) => isCalled(host, wanted))
  // Of a name that answers on two ports, the one that does more than redirect.
  const better = called.filter((host) => serving.includes(host))
  const [first, second] = better.length > 0 ? better : called
  if (first !== undefined && second === undefined) return first
  const reason =
    first === undefined
      ? `there is no virtual host "${wanted}", but ${listed(hosts) || 'none at all'}`
      : `"${wanted}" is the name of several virtual hosts: ${listed(called)}. Give the port, too`
  throw new WasgiError('WASGI_ERR_CONFIG_IMPORT', [file, reason])
}

function listed(hosts: readonly Host[]): string {
  return hosts
    .map((host) => `${hostLabel(host)} (${host.section.place.file}:${host.section.place.line})`)
    .join(', ')
}
