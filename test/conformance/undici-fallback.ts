// Preloaded by the suite's client: a clone without installed packages uses miniflare's undici.
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
