import { Duration } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { removalPolicyOf, type Environment } from './environment.ts';

/** What is done with the key, and the calls which that takes. */
const USES = {
  /** Reading an object from the bucket. */
  decrypt: ['kms:Decrypt'],
  /** Writing an object to the bucket, or a message to a topic. */
  encrypt: ['kms:Decrypt', 'kms:GenerateDataKey'],
  /** Reading and writing items: DynamoDB uses the key in the name of its caller. */
  table: [
    'kms:Decrypt',
    'kms:DescribeKey',
    'kms:Encrypt',
    'kms:GenerateDataKey',
    'kms:GenerateDataKeyWithoutPlaintext',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
  ],
} as const;

export interface DataKeyProps {
  readonly environment: Environment;
}

/** The one key that encrypts images, records and messages: it costs a dollar a month, and a bucket key keeps its calls few. */
export class DataKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, props: DataKeyProps) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'sightline: images, records and messages',
      enableKeyRotation: true,
      rotationPeriod: Duration.days(365),
      removalPolicy: removalPolicyOf(props.environment),
    });
  }

  /** Lets the grantee use the key, with exactly the calls that this use takes. */
  grant(grantee: IGrantable, use: keyof typeof USES): Grant {
    return this.key.grant(grantee, ...USES[use]);
  }
}
