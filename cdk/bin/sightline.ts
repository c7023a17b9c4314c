import { fileURLToPath } from 'node:url';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { addStacks } from '../lib/sightline-app.ts';
import { UsageError } from '../lib/usage-error.ts';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

try {
  const app = new App();
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  addStacks(app, {
    dist: inRepository('dist'),
    definitions: {
      imageAnalysis: inRepository('statemachine/image-analysis.asl.json'),
      bulkImport: inRepository('statemachine/bulk-import.asl.json'),
    },
  });
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exit(1);
}
