// What the Worker is given. In a project of your own, `wrangler types` writes these lines.
interface D1Statement {
  bind(...values: readonly unknown[]): D1Statement;
  all(): Promise<{ readonly results: unknown[] }>;
}

interface NewsEnv {
  readonly DB: {
    prepare(sql: string): D1Statement;
    batch(statements: readonly D1Statement[]): Promise<unknown>;
  };
  /** Signs the cookie of a reader. */
  readonly SESSION_SECRET: string;
  /** Opens the editor's desk. */
  readonly EDITOR_PASSWORD: string;
}

declare module "cloudflare:workers" {
  export const env: NewsEnv;
  export function waitUntil(work: Promise<unknown>): void;
}
