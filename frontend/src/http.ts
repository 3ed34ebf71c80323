// How the page talks to its server: the token, the name of this tab, and errors in the server's words.

const TOKEN_KEY = "deepem-token";

export class ApiError extends Error {
  /** `status` is 0 when the server could not be reached. */
  constructor(
    message: string,
    readonly status: number,
    readonly field: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

function takeToken(): string {
  const address = new URL(window.location.href);
  const given = address.searchParams.get("token");
  if (given !== null) {
    sessionStorage.setItem(TOKEN_KEY, given);
    address.searchParams.delete("token");
    // The token stays out of the history, of bookmarks and of screenshots.
    window.history.replaceState(null, "", address.pathname + address.search + address.hash);
  }
  return given ?? sessionStorage.getItem(TOKEN_KEY) ?? "";
}

function makeTabName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const token = takeToken();
export const tab = makeTabName();

export function authHeaders(): Record<string, string> {
  return { Authorization: `Bearer ${token}`, "X-DeepEM-Tab": tab };
}

/** Parts of a path are escaped, undefined and null values of a query are left out. */
export function address(
  parts: readonly (string | number)[],
  query: Record<string, string | number | boolean | null | undefined> = {},
): string {
  const path = "/api/" + parts.map((part) => encodeURIComponent(part)).join("/");
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

async function readError(response: Response): Promise<ApiError> {
  const known: Record<number, string> = {
    401: "This page has no valid token. Open the address that `deepem studio` printed.",
    413: "This is too large to send.",
  };
  let message = known[response.status] ?? `The server answered ${response.status}.`;
  let field: string | null = null;
  try {
    const body: unknown = await response.json();
    const error = (body as { error?: { message?: unknown; field?: unknown } }).error;
    if (typeof error?.message === "string") message = error.message;
    if (typeof error?.field === "string") field = error.field;
  } catch {
    // The body is not JSON: the message for the status has to do.
  }
  return new ApiError(message, response.status, field);
}

/** Sends a request and gives back a good answer; throws ApiError, or AbortError when aborted. */
export async function send(url: string, options: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    const headers = { ...authHeaders(), ...(options.headers as Record<string, string>) };
    response = await fetch(url, { ...options, headers });
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === "AbortError") throw problem;
    throw new ApiError("The server cannot be reached. Is `deepem studio` still running?", 0);
  }
  if (!response.ok) throw await readError(response);
  return response;
}

export async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  return (await (await send(url, signal ? { signal } : {})).json()) as T;
}

export async function sendJson<T>(
  method: "POST" | "PUT" | "PATCH",
  url: string,
  body: unknown,
): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return (await (await send(url, { method, headers, body: JSON.stringify(body) })).json()) as T;
}

export async function getBlob(url: string, signal?: AbortSignal): Promise<Blob> {
  return (await send(url, signal ? { signal } : {})).blob();
}
