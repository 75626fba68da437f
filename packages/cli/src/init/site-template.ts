// The files of a new site beside its configuration, as templates/site has them; a test compares the two.

export const worker = `// The Worker that wrangler.jsonc names: the configuration, made a handler.
import { createWorker } from "tidemark/worker";
import config from "../tidemark.config.ts";

export default createWorker(config);
`;

export const tsconfig = `{
  "compilerOptions": {
    "target": "ES2024",
    "lib": ["ES2024", "WebWorker", "WebWorker.Iterable", "WebWorker.AsyncIterable"],
    "module": "Preserve",
    "moduleResolution": "Bundler",
    "types": [],
    "strict": true,
    "exactOptionalPropertyTypes": true,
    "verbatimModuleSyntax": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true,
    "noEmit": true
  },
  "include": ["src", "test", "tidemark.config.ts"]
}
`;

export const gitignore = `node_modules/
.wrangler/
.dev.vars
secrets.*
*.log
`;

export const devVars = `# Secrets. Git ignores the copies that you fill in: .dev.vars for \`npm run dev\`, secrets.env for \`npm run deploy\`.
# Where one has no value, only what needs it is off.

# The database that all locations share. Without it there are no purges.
UPSTASH_REDIS_REST_URL=
UPSTASH_REDIS_REST_TOKEN=
# echo "whsec_$(openssl rand -base64 24)"
PURGE_SECRET=
# openssl rand -hex 24
ADMIN_TOKEN=

# Your site on this machine, in the place of wrangler.jsonc's ORIGIN_URL:
# ORIGIN_URL=http://127.0.0.1:3000
`;

export const packageJson = `{
  "name": "tidemark-site",
  "version": "0.0.0",
  "private": true,
  "description": "Tidemark, an HTTP cache with a purge promise, before a site of your own.",
  "type": "module",
  "scripts": {
    "predev": "node -e \\"fs.rmSync('.wrangler/state/v3/cache', { recursive: true, force: true })\\"",
    "dev": "wrangler dev",
    "check": "tsc",
    "test": "vitest run",
    "deploy": "npm run check && npm test && wrangler deploy"
  },
  "dependencies": {
    "tidemark": "0.1.0"
  },
  "devDependencies": {
    "typescript": "7.0.2",
    "vitest": "5.1.0",
    "wrangler": "4.164.0"
  },
  "engines": {
    "node": ">=22.12"
  },
  "allowScripts": {
    "esbuild": true,
    "workerd": true
  },
  "cloudflare": {
    "label": "Tidemark",
    "products": [
      "Workers"
    ],
    "bindings": {
      "ORIGIN_URL": {
        "description": "Your site, scheme and host alone, such as \`https://origin.example.com\`."
      },
      "UPSTASH_REDIS_REST_URL": {
        "description": "The REST address of your [Upstash](https://console.upstash.com/) Redis database. Without it the cache runs, and refuses purges."
      },
      "UPSTASH_REDIS_REST_TOKEN": {
        "description": "The REST token of the same database, as its page shows it; not the read-only one."
      },
      "PURGE_SECRET": {
        "description": "Signs the purges that your site sends. Make one with \`echo whsec_$(openssl rand -base64 24)\`, and give it to your site too."
      },
      "ADMIN_TOKEN": {
        "description": "Opens \`/_cache/stats\` and lets you purge by hand. Make one with \`openssl rand -hex 24\`."
      }
    }
  }
}
`;
