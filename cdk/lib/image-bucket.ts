import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, Grant, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, ObjectOwnership, TransitionDefaultMinimumObjectSize } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge.ts';
import type { DataKey } from './data-key.ts';
import { removalPolicyOf, type Environment } from './environment.ts';
import { imageLifecycle } from './image-lifecycle.ts';
import type { TaskFunction } from './task-function.ts';

/** The areas of the bucket. Only what comes to `raw-uploads/` starts executions. */
export type Area = 'raw-uploads/' | 'processed/' | 'results/' | 'archived/' | 'operations/' | 'operations/imports/';

export interface ImageBucketProps {
  readonly environment: Environment;
  readonly dataKey: DataKey;
  /** How long Rekognition's answers are kept, in days; 0 = for ever. */
  readonly retentionDays: number;
  /** How long the log of accesses is kept, in days. */
  readonly logRetentionDays: number;
}

/** The private bucket of images and answers, and the bucket with the log of who read them. */
export class ImageBucket extends Construct {
  readonly bucket: Bucket;
  private readonly dataKey: DataKey;
  /** The name under which other stacks import the bucket's ARN: cdk-nag's word for it in their policies. */
  private readonly arnImport: string;

  constructor(scope: Construct, id: string, props: ImageBucketProps) {
    super(scope, id);
    this.dataKey = props.dataKey;
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      bucketKeyEnabled: true,
      encryption: BucketEncryption.KMS,
      encryptionKey: props.dataKey.key,
      enforceSSL: true,
      lifecycleRules: imageLifecycle(props.retentionDays),
      minimumTLSVersion: 1.2,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: removalPolicyOf(props.environment),
      serverAccessLogsBucket: this.accessLogs(props),
      serverAccessLogsPrefix: 'images/',
      transitionDefaultMinimumObjectSize: TransitionDefaultMinimumObjectSize.ALL_STORAGE_CLASSES_128_K,
      versioned: true,
    });
    sendEventsToEventBridge(this.bucket);
    this.refuseOtherKeys();
    this.arnImport = importName(this.bucket);
  }

  /** Lets the function, or the role of a machine, do this with the objects of an area, and use the key for it. */
  grantObjects(grantee: TaskFunction | Role, area: Area, ...actions: `s3:${string}`[]): void {
    Grant.addToPrincipal({ grantee, actions, resourceArns: [this.bucket.arnForObjects(`${area}*`)] });
    if (actions.includes('s3:GetObject')) this.dataKey.grant(grantee, 'readObjects');
    if (actions.includes('s3:PutObject')) this.dataKey.grant(grantee, 'writeObjects');
    acknowledgeWildcard(grantee, `${this.arnImport}/${area}*`, `The keys below ${area} are chosen by uploads; the statement lists single actions for this one area.`);
  }

  /** Lets the function list the versions of the objects of an area. */
  grantListVersions(grantee: TaskFunction, area: Area): void {
    this.grantOnBucket(grantee, 's3:ListBucketVersions', { StringLike: { 's3:prefix': `${area}*` } });
  }

  /** Lets the machine's role write what the ResultWriter of a distributed Map writes, and read the list of its items. */
  grantMapFiles(grantee: Role, area: Area): void {
    this.grantObjects(grantee, area, 's3:GetObject', 's3:PutObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload');
    this.dataKey.grant(grantee, 'writeMapResults');
  }

  /**
   * Lets the function find out that an object is absent, by a listing of its key: S3 answers a read of an absent object with
   * "access denied" unless the role may list. Only listings below the area are allowed; crates/aws/src/s3/absence.rs asks for one.
   */
  grantMissing(grantee: TaskFunction, area: Area): void {
    this.grantOnBucket(grantee, 's3:ListBucket', { StringLike: { 's3:prefix': `${area}*` } });
  }

  /** Lets the function remove what lies in an area for good, version by version. */
  grantRemoveVersions(grantee: TaskFunction, area: Area): void {
    this.grantListVersions(grantee, area);
    this.grantObjects(grantee, area, 's3:DeleteObjectVersion');
  }

  /** Tells the function the bucket: those that work on an event or on an ImageRef find it there. */
  tell(grantee: TaskFunction): void {
    grantee.fn.addEnvironment('IMAGES_BUCKET', this.bucket.bucketName);
  }

  private grantOnBucket(grantee: TaskFunction, action: string, conditions: Record<string, Record<string, string>>): void {
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [action], resources: [this.bucket.bucketArn], conditions }));
  }

  /**
   * Refuses uploads that name another KMS key, or bring a key of their own (SSE-C): no function could read them. An upload that
   * names none is encrypted with the bucket's key.
   */
  private refuseOtherKeys(): void {
    const { keyArn, keyId } = this.dataKey.key;
    const kmsKey = 's3:x-amz-server-side-encryption-aws-kms-key-id';
    const refuse = (sid: string, conditions: Record<string, Record<string, unknown>>): void => {
      this.bucket.addToResourcePolicy(
        new PolicyStatement({ sid, effect: Effect.DENY, principals: [new AnyPrincipal()], actions: ['s3:PutObject'], resources: [this.bucket.arnForObjects('*')], conditions }),
      );
    };
    // StringNotEquals also holds where the header is absent; Null excludes that.
    refuse('RefuseOtherKmsKeys', { StringNotEquals: { [kmsKey]: [keyArn, keyId] }, Null: { [kmsKey]: 'false' } });
    refuse('RefuseCustomerKeys', { Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' } });
  }

  private accessLogs(props: ImageBucketProps): Bucket {
    const bucket = new Bucket(this, 'AccessLogs', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      lifecycleRules: [{ id: 'expire', expiration: Duration.days(props.logRetentionDays), abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: removalPolicyOf(props.environment),
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'It receives the access log of the image bucket; a log of its own would log itself.',
    });
    return bucket;
  }
}

/** CloudFormation's own switch; the flag of the L2 construct deploys a Lambda function to turn it. */
function sendEventsToEventBridge(bucket: Bucket): void {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnBucket)) throw new TypeError('a bucket without its resource');
  resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
}

function importName(bucket: Bucket): string {
  const stack = Stack.of(bucket);
  const imported = stack.resolve(stack.exportValue(bucket.bucketArn)) as { 'Fn::ImportValue': string };
  return imported['Fn::ImportValue'];
}
