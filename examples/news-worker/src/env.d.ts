// The variables and bindings of the Worker. In your own project, `wrangler types` generates this
// file.
interface D1Statement {
  bind(...values: readonly unknown[]): D1Statement;
  all(): Promise<{ readonly results: unknown[] }>;
}

interface NewsEnv {
  readonly DB: {
    prepare(sql: string): D1Statement;
    batch(statements: readonly D1Statement[]): Promise<unknown>;
  };
  /** The secret that signs the cookies of readers. */
  readonly SESSION_SECRET: string;
  /** The password of the editor's desk. */
  readonly EDITOR_PASSWORD: string;
}

declare module "cloudflare:workers" {
  export const env: NewsEnv;
  export function waitUntil(work: Promise<unknown>): void;
}
