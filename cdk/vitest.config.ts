import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { globalSetup: 'test/temporary-files.ts', include: ['test/**/*.test.ts'], isolate: false, testTimeout: 60_000, hookTimeout: 60_000 },
});
