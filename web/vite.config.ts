/// <reference types="vitest/config" />
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { firstLoadChunk } from './tools/first-load.ts';

// The address of a running front door: the development server passes the calls that are not files on to it.
const frontDoor = process.env['SIGHTLINE_FRONT_DOOR'] ?? `http://127.0.0.1:${process.env['SIGHTLINE_WEB_PORT'] ?? '4568'}`;

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2023',
    // light-dark() stays as it is: rewritten for older browsers it would not follow a color-scheme further down.
    cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
    // Data addresses are not in the content security policy: every asset is a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // tools/size.mjs reads it to add up the first load.
    manifest: true,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: firstLoadChunk('src/main.ts', 'src/views/Photos.svelte') }] } } },
    reportCompressedSize: false,
  },
  server: {
    port: Number(process.env['SIGHTLINE_VITE_PORT'] ?? 4569),
    strictPort: true,
    proxy: {
      '/api': { target: frontDoor },
      '/media': { target: frontDoor },
      '/config.json': { target: frontDoor },
    },
  },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
});
