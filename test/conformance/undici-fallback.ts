// The suite's client preloads this file. A clone without installed packages then uses miniflare's
// undici.
import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== "undici") return next(specifier, context);
    try {
      return next(specifier, context);
    } catch {
      return next(specifier, { ...context, parentURL: import.meta.resolve("miniflare") });
    }
  },
});
