// Calls of the admin plane. The session is in a cookie that scripts cannot read; what changes
// something carries the session's CSRF token as well.
let csrf = null;
let onSignedOut = () => {};

export class ApiError extends Error {
  constructor(status, error) {
    super(error.message ?? `the proxy answered ${status}`);
    this.status = status;
    this.code = error.code;
    this.param = error.param;
  }
}

async function send(method, path, { body, headers = {} } = {}) {
  const fields = { ...headers };
  if (csrf) fields["X-CSRF-Token"] = csrf;
  if (body !== undefined) fields["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers: fields, credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiError(0, { message: "The proxy does not answer: is it running?" });
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401 && csrf) {
    csrf = null;
    onSignedOut();
  }
  throw new ApiError(response.status, answer.error ?? {});
}

export const get = (path) => send("GET", path);
export const post = (path, body = {}) => send("POST", path, { body });
export const put = (path, body) => send("PUT", path, { body });
export const remove = (path) => send("DELETE", path);
// Refused where somebody else changed the key since `version` was read.
export const patch = (path, body, version) =>
  send("PATCH", path, { body, headers: version ? { "If-Match": `"${version}"` } : {} });

export async function signIn(adminKey) {
  const session = await send("POST", "/v1/session", { headers: { Authorization: `Bearer ${adminKey}` } });
  csrf = session.csrf_token;
}
// Whether the browser's cookie still opens a session.
export async function resume() {
  const session = await get("/v1/session");
  csrf = session.csrf_token ?? null;
  return session.signed_in;
}
export async function signOut() {
  await remove("/v1/session").catch(() => {});
  csrf = null;
}
export function whenSignedOut(handler) {
  onSignedOut = handler;
}

let source = null;
// Calls `told` when something has happened, and `live` with whether that is so at the moment; until unlisten().
export function listen(told, live) {
  unlisten();
  source = new EventSource("/v1/events/stream");
  source.onopen = () => live(true);
  source.onerror = () => live(false); // the browser tries again by itself
  source.addEventListener("event", told);
}
export function unlisten() {
  source?.close();
  source = null;
}

// All pages of the list of keys.
export async function allKeys() {
  const keys = [];
  for (let after = ""; ;) {
    const page = await get(`/v1/keys?limit=1000${after && `&after=${after}`}`);
    keys.push(...page.data);
    if (!page.has_more) return keys;
    after = page.data.at(-1).id;
  }
}
