// Who may ask, and who answers: scripts that decide about requests. Part of the schema; see ../schema.ts for what each field means.

export const HOOK_OPTIONS = {
  accessScript: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command', 'plugin'],
    heading: 'Hooks',
    placeholder: 'FILE',
    text: 'A Python file whose allow_access(environ, host) decides about each request, in an interpreter of the main thread.'
  },
  authUserScript: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command', 'plugin'],
    heading: 'Hooks',
    placeholder: 'FILE',
    text: 'A Python file that knows the users: check_password(environ, user, password) for Basic, get_realm_hash(environ, user, realm) for Digest. Whoever is none of them gets 401.'
  },
  authType: {
    kind: 'choice',
    schema: { type: 'string', enum: ['basic', 'digest'] },
    surfaces: ['command', 'plugin'],
    default: 'basic',
    heading: 'Hooks',
    placeholder: 'TYPE',
    text: 'How clients prove who they are to auth_user_script.'
  },
  authRealm: {
    kind: 'text',
    schema: { type: 'string', minLength: 1, maxLength: 256, pattern: '^[ !#-\\[\\]-~]+$' },
    surfaces: ['command', 'plugin'],
    default: 'Restricted',
    heading: 'Hooks',
    placeholder: 'NAME',
    expected: 'printable ASCII without quotation marks and backslashes',
    text: 'What clients are told that the users of auth_user_script belong to.'
  },
  authGroupScript: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command', 'plugin'],
    heading: 'Hooks',
    placeholder: 'FILE',
    text: 'A Python file whose groups_for_user(environ, user) tells the groups of a user, who must be in one of require_group.'
  },
  requireGroup: {
    kind: 'texts',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    surfaces: ['command', 'plugin'],
    heading: 'Hooks',
    placeholder: 'NAME',
    expected: 'a list of names of groups',
    text: 'A group that auth_group_script knows; users in none of them get 401. May be repeated.'
  },
  dispatchScript: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command', 'plugin'],
    heading: 'Hooks',
    placeholder: 'FILE',
    text: 'A Python file whose process_group(environ), application_group(environ) and callable_object(environ) say who answers a request; None leaves it as it is.'
  },
  dispatchGroups: {
    kind: 'texts',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    surfaces: ['command', 'plugin'],
    heading: 'Hooks',
    placeholder: 'GROUP',
    expected: 'a list of GROUP or GROUP|APPLICATION_GROUP',
    text: 'A further process group that dispatch_script may choose, as GROUP or as GROUP|APPLICATION_GROUP; its interpreters load the application, too. May be repeated.'
  },
  passAuthorization: {
    kind: 'flag',
    schema: { type: 'boolean' },
    surfaces: ['command', 'plugin'],
    computed: 'true without auth_user_script, false with it',
    heading: 'Hooks',
    text: 'Tells the application what clients send as Authorization, passwords included, as HTTP_AUTHORIZATION.'
  }
} as const
