import { expect, it } from 'vitest';
import { texts } from '../src/lib/texts.ts';

it('does not advise to send a damaged file again, which would be rejected again', () => {
  for (const code of ['EMPTY_FILE', 'TRUNCATED']) expect(texts.upload.rejected(code)).toMatch(/Upload an intact copy\.$/);
});
