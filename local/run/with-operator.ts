// Adds the parts of an operator to the configuration of `npm start`.
// Needs parts: dashboard.
import { type Config, configOf, configWith } from "../../src/config/config.ts";
import { dashboard } from "../../src/parts/dashboard/dashboard.ts";
import { operate } from "../../src/parts/operate/operate.ts";

/**
 * Returns the configuration with `operate()` and `dashboard()`.
 *
 * @param exported a module's export, such as plain JSON
 */
export function withOperator(exported: unknown): Config {
  const config = configOf(exported);
  const named = config.parts.map(({ name }) => name);
  const added = [operate(), dashboard()].filter(({ name }) => !named.includes(name));
  return configWith(config, { parts: [...config.parts, ...added] });
}
