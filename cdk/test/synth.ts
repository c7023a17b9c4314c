/** Synthesises the templates for AWS and for a local stack, with placeholder zips, for linters: `node --import tsx test/synth.ts FOLDER`. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { makeApp, settingsFile } from './app.ts';

/** Every resource that a setting or a context can add. */
const EVERYTHING = {
  'release-id': 'linted',
  settings: settingsFile({
    importBuckets: ['photos', { name: 'archive', kmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab' }],
    monthlyBudgetUsd: 25,
  }),
};

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node --import tsx test/synth.ts FOLDER');
for (const [name, context] of Object.entries({ defaults: {}, everything: EVERYTHING, local: { environment: 'local' } })) {
  cpSync(makeApp(context).app.synth().directory, join(folder, name), { recursive: true });
}
