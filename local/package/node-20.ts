// Functions that Node 20 lacks and src/ uses. The build replaces the built-in functions with these.

/** `Promise.withResolvers` (ECMAScript 2024 §27.2.4.9). */
export function promiseWithResolvers<Value>(): PromiseWithResolvers<Value> {
  const parts = {} as PromiseWithResolvers<Value>;
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

/** `URL.parse` (url.spec.whatwg.org). */
export function parseUrl(text: string, base?: string | URL): URL | null {
  return URL.canParse(text, base) ? new URL(text, base) : null;
}
