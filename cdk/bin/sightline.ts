import { fileURLToPath } from 'node:url';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { UsageError } from '../lib/settings-file.ts';
import { addStacks } from '../lib/sightline-app.ts';

const pathInRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

try {
  const app = new App();
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  addStacks(app, {
    dist: pathInRepository('dist'),
    definitions: {
      imageAnalysis: pathInRepository('statemachine/image-analysis.asl.json'),
      bulkImport: pathInRepository('statemachine/bulk-import.asl.json'),
    },
    web: { dist: pathInRepository('web/dist'), headers: pathInRepository('web/headers.json') },
  });
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exit(1);
}
