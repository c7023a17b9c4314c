// The stack that the tests use: what the launcher wrote for the front door of the stage `sightline-page`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface Stack {
  readonly port: number;
  readonly aws: string;
  readonly bucket: string;
  readonly userPoolId: string;
  readonly address: string;
}

export function frontDoorConfig(): Omit<Stack, 'address'> & Record<string, unknown> {
  const file = join(ROOT, '.local', process.env['SIGHTLINE_STACK_FOLDER'] ?? '', 'front-door-sightline-page.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Stack & Record<string, unknown>;
  } catch {
    throw new Error(`${file} is missing: bring the stack up with \`python3 local/stack up --for-tests\`, as \`make test\` does.`);
  }
}

export function stack(): Stack {
  const config = frontDoorConfig();
  return { ...config, address: `http://127.0.0.1:${config.port}` };
}

/** Address of the local Rekognition, which can fail on request. */
export const REKOGNITION = `http://127.0.0.1:${process.env['SIGHTLINE_REKOGNITION_PORT'] ?? '4567'}`;

/**
 * Makes the local Rekognition answer that the next photo is explicit, so that a review is requested. No photo of samples/ is explicit, and
 * the scores of the models may change. Name and level of the label are as in version 7.0 of Rekognition's moderation labels.
 */
export async function callNextPhotoExplicit(): Promise<void> {
  const body = JSON.stringify({
    ModerationLabels: [{ Name: 'Explicit', ParentName: '', Confidence: 62.5, TaxonomyLevel: 1 }],
    ModerationModelVersion: '7.0',
  });
  const fault = { operation: 'DetectModerationLabels', mode: 'answer', times: 1, body };
  const response = await fetch(`${REKOGNITION}/admin/faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fault) });
  if (!response.ok) throw new Error(`the local Rekognition took no fault: ${response.status} ${await response.text()}`);
}

/** Calls the accounts' API of the local AWS, which checks no signature. */
export async function accounts(operation: string, body: Record<string, unknown>): Promise<void> {
  const { aws, userPoolId } = stack();
  const response = await fetch(aws, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`,
      authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=none',
    },
    body: JSON.stringify({ UserPoolId: userPoolId, ...body }),
  });
  if (!response.ok) throw new Error(`${operation}: ${response.status} ${await response.text()}`);
}
