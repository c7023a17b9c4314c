import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { removalPolicyOf, type Environment } from './environment.ts';
import { distributionsOf } from './iam.ts';

/** For each use of the key: the service that calls KMS on the role's behalf, and the KMS actions that it needs. */
const USES = {
  readObjects: { service: 's3', actions: ['kms:Decrypt'] },
  writeObjects: { service: 's3', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] },
  /** The ResultWriter of a distributed Map writes results (Step Functions guide, "IAM policies for using Distributed Map states"). */
  writeMapResults: { service: 's3', actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'] },
  publish: { service: 'sns', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] },
  /** Read and write items (DynamoDB guide, "Encryption at rest: usage notes"). */
  items: {
    service: 'dynamodb',
    actions: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:GenerateDataKeyWithoutPlaintext',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
  },
} as const;

/**
 * Lets the grantee use a key through one service only, so that stolen credentials of the role cannot call KMS directly.
 *
 * @param keyArn ARN of the key, not of an alias: IAM matches key ARNs only.
 * @param region region of the key, where the service runs.
 */
export function grantKey(grantee: IGrantable, keyArn: string, region: string, use: keyof typeof USES): void {
  const { actions, service } = USES[use];
  const conditions = { StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com` } };
  grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [...actions], resources: [keyArn], conditions }));
}

export interface DataKeyProps {
  readonly environment: Environment;
}

/** The KMS key that encrypts images, records and messages. One key for all of them costs one dollar a month; an S3 bucket key reduces the calls. */
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
    this.allowNotificationServices();
  }

  /** CloudWatch and Budgets publish to the encrypted topic as service principals, which only the key policy can allow. */
  private allowNotificationServices(): void {
    const statement = new PolicyStatement({
      principals: ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com'].map((service) => new ServicePrincipal(service)),
      actions: [...USES.publish.actions],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    });
    this.key.addToResourcePolicy(statement);
  }

  /** Lets CloudFront decrypt the pictures that it reads for the page. A service principal, so only the key policy can allow it. */
  allowDistributions(): void {
    const statement = new PolicyStatement({
      principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
      actions: [...USES.readObjects.actions],
      resources: ['*'],
      conditions: { ArnLike: { 'aws:SourceArn': distributionsOf(this) } },
    });
    this.key.addToResourcePolicy(statement);
  }

  /** Grants exactly the KMS actions that this use needs. */
  grant(grantee: IGrantable, use: keyof typeof USES): void {
    grantKey(grantee, this.key.keyArn, Stack.of(this.key).region, use);
  }
}
