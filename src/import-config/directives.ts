// Every directive that mod_wsgi has or had, and what becomes of it: the one table that the importer, its
// report and docs/guides/from-mod_wsgi.md share.

import { none, own, type Row } from './fit.ts'

const NO_THREADS = 'An interpreter runs one request at a time, so Python has no threads to switch.'
const NO_GIL =
  'Each interpreter is a WebAssembly instance in a thread of its own: there is no lock between them.'
const HOOK =
  'The script has an interpreter of its own in the main thread, so application-group says nothing.'

/** In the alphabet's order. */
export const DIRECTIVES: readonly Row[] = [
  none(
    'WSGIAcceptMutex',
    'One thread accepts all connections and hands requests to workers: there is nothing to lock.'
  ),
  {
    name: 'WSGIAccessScript',
    fit: 'mapped',
    rule: { to: 'mount', key: 'access_script', reading: 'path' },
    text: HOOK
  },
  own(
    'WSGIApplicationGroup',
    'adapted',
    ['application_group'],
    "%{GLOBAL} is the default here, %{RESOURCE} is mod_wsgi's: where several applications of a process group say nothing, %{RESOURCE} is written. %{ENV:...} needs your hand: interpreters are made before requests come."
  ),
  {
    name: 'WSGIAuthGroupScript',
    fit: 'mapped',
    rule: { to: 'mount', key: 'auth_group_script', reading: 'path' },
    text: `Where Require wsgi-group and a WSGIAuthUserScript are in force, without which it would never be asked. ${HOOK}`
  },
  {
    name: 'WSGIAuthUserScript',
    fit: 'mapped',
    rule: { to: 'mount', key: 'auth_user_script', reading: 'path' },
    text: `Every request is asked, whatever Require says. ${HOOK}`
  },
  own('WSGICallableObject', 'mapped', ['app'], 'Becomes the part of `app` after the colon.'),
  none(
    'WSGICaseSensitivity',
    "Paths are compared as this machine's file system does, and URLs with case."
  ),
  none(
    'WSGIChunkedRequest',
    'Chunked request bodies are always taken, as every server of today does, and reading ends where they end.'
  ),
  own(
    'WSGIDaemonProcess',
    'adapted',
    ['groups'],
    'Becomes a table [groups.NAME]; its options are in the second table. A name keeps its letters, digits, "_", "." and "-".'
  ),
  none(
    'WSGIDestroyInterpreter',
    'Interpreters end with their thread or are wiped; atexit handlers run before every end that is planned.'
  ),
  {
    name: 'WSGIDispatchScript',
    fit: 'mapped',
    rule: { to: 'mount', key: 'dispatch_script', reading: 'path' },
    text: `${HOOK} Other groups that it is to choose belong in dispatch_groups.`
  },
  {
    name: 'WSGIDontWriteBytecode',
    fit: 'mapped',
    rule: { to: 'env', variable: 'PYTHONDONTWRITEBYTECODE' },
    text: 'Folders of code are read-only here anyway.'
  },
  none(
    'WSGIEnableSendfile',
    'Files are read inside the sandbox, so there is no descriptor to send; wsgi.file_wrapper streams them.'
  ),
  none(
    'WSGIErrorOverride',
    "There is no ErrorDocument: an application's error pages are sent as they are."
  ),
  none('WSGIFreeThreading', NO_GIL),
  none('WSGIGroupAuthoritative', 'It has no effect in mod_wsgi either.'),
  own(
    'WSGIHandlerScript',
    'adapted',
    ['mounts'],
    'Handlers by file type do not exist. That of mod_wsgi-express is recognised, and the application that its handler.wsgi names is mounted; any other needs your hand.'
  ),
  none(
    'WSGIIgnoreActivity',
    'Every request counts as activity for inactivity_timeout. Health checks can ask /-/wasgi/live, which no application sees.'
  ),
  own(
    'WSGIImportScript',
    'adapted',
    ['lazy_initialization'],
    'Applications are imported before the server listens, unless lazy_initialization is on. A script that is no application needs your hand: import it from one.'
  ),
  own(
    'WSGIInterpreterOptions',
    'adapted',
    ['python_path'],
    'WSGIPythonPath in it goes to the process group that it names, or to all; the rest of it is not applicable.'
  ),
  {
    name: 'WSGILazyInitialization',
    fit: 'mapped',
    rule: { to: 'top', key: 'lazy_initialization', reading: 'switch' },
    text: 'On is the default of mod_wsgi, which had this directive before 6.0; off is the default here.'
  },
  none(
    'WSGIMapHEADToGET',
    'No filter needs the body of an answer to HEAD: the application sees HEAD, and its body is not sent.'
  ),
  none(
    'WSGINewRelicConfigFile',
    'mod_wsgi has removed it; give the agent its own variables with env.'
  ),
  none(
    'WSGINewRelicEnvironment',
    'mod_wsgi has removed it; give the agent its own variables with env.'
  ),
  none('WSGIPassApacheRequest', 'There is no request of Apache that could be passed.'),
  own(
    'WSGIPassAuthorization',
    'mapped',
    ['pass_authorization'],
    'On is the default here as long as there is no auth_user_script; off is that of mod_wsgi.'
  ),
  none('WSGIPerInterpreterGIL', NO_GIL),
  own(
    'WSGIProcessGroup',
    'adapted',
    ['process_group'],
    '%{GLOBAL}, the processes of Apache itself, becomes the group "default", of worker threads: mode = "embedded" would be one interpreter in the main thread. %{ENV:...} needs your hand, or a dispatch_script.'
  ),
  none('WSGIPy3kWarningFlag', 'It was for Python 2, and mod_wsgi has removed it.'),
  none('WSGIPythonEggs', 'Eggs are not unpacked; packages lie in folders.'),
  own(
    'WSGIPythonHashSeed',
    'mapped',
    ['env.PYTHONHASHSEED'],
    'A seed is part of a snapshot, so with "random" all interpreters that are restored from one have the same.'
  ),
  own(
    'WSGIPythonHome',
    'adapted',
    ['python_path'],
    'Its site-packages folder is granted. Python itself is the one of WebAssembly, so extension modules in it cannot be loaded: `wasgi install` puts those that can beside the application.'
  ),
  {
    name: 'WSGIPythonOptimize',
    fit: 'mapped',
    rule: { to: 'env', variable: 'PYTHONOPTIMIZE' },
    text: ''
  },
  own(
    'WSGIPythonPath',
    'adapted',
    ['python_path'],
    'Of the group "default", since it is for embedded applications. Folders are read-only, and .pth files are not followed.'
  ),
  own('WSGIPythonWarnings', 'mapped', ['env.PYTHONWARNINGS'], 'Several are joined with commas.'),
  {
    name: 'WSGIRestrictEmbedded',
    fit: 'mapped',
    rule: { to: 'top', key: 'restrict_embedded', reading: 'switch' },
    text: ''
  },
  none(
    'WSGIRestrictProcess',
    'No request can choose a process group by a variable; what a dispatch_script says is its own affair.'
  ),
  none(
    'WSGIRestrictSignal',
    'No signal ever reaches Python: handlers are registered and never called.'
  ),
  none('WSGIRestrictStdin', 'Standard input is always empty.'),
  none('WSGIRestrictStdout', 'What is printed goes to the log, with a budget.'),
  own(
    'WSGIScriptAlias',
    'mapped',
    ['mounts', 'path', 'app'],
    'The first that fits takes a request in Apache, the longest here: one that Apache never reaches is left out. A folder becomes a mount for each .wsgi and .py file that is in it now.'
  ),
  own(
    'WSGIScriptAliasMatch',
    'adapted',
    ['mounts', 'path', 'app'],
    'Mounts are paths. An expression that is one, such as ^/shop(/.*)?$, becomes one; any other needs your hand.'
  ),
  {
    name: 'WSGIScriptReloading',
    fit: 'mapped',
    rule: { to: 'mount', key: 'script_reloading', reading: 'switch' },
    text: ''
  },
  none(
    'WSGIServerMetrics',
    'Metrics are had over HTTP, in the format of Prometheus, where admin or admin_path says.'
  ),
  {
    name: 'WSGISlowRequests',
    fit: 'mapped',
    rule: { to: 'top', key: 'slow_requests', reading: 'seconds' },
    text: ''
  },
  none('WSGISocketPrefix', 'Workers are threads: there is no socket between them and the server.'),
  none(
    'WSGISocketRotation',
    'Workers are threads: there is no socket between them and the server.'
  ),
  none('WSGISwitchInterval', NO_THREADS),
  none('WSGITelemetryOptions', 'Metrics are in the format of Prometheus, where admin says.'),
  none('WSGITelemetryService', 'Metrics are in the format of Prometheus, where admin says.'),
  {
    name: 'WSGITrustedProxies',
    fit: 'mapped',
    rule: { to: 'top', key: 'trusted_proxies', reading: 'texts' },
    text: 'Counts for the whole server.'
  },
  own(
    'WSGITrustedProxyHeaders',
    'mapped',
    ['trusted_proxy_headers'],
    'Counts for the whole server. Headers without proxies are believed of everyone in mod_wsgi, which has to be said with trusted_proxies = ["*"] here: decide whether you mean that.'
  ),
  none('WSGIUserAuthoritative', 'It was for Apache 2.0, and mod_wsgi has removed it.'),
  none('WSGIVerboseDebugging', 'log_level says how much is logged.')
]
