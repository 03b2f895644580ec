import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    assetsInlineLimit: 0, // the page's policy allows nothing inline
    chunkSizeWarningLimit: 300,
    reportCompressedSize: false,
  },
  logLevel: 'warn',
});
