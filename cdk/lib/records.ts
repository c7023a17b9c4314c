import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption, type TableProps } from 'aws-cdk-lib/aws-dynamodb';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { DataKey } from './data-key.ts';
import { removalPolicyOf, type Environment } from './environment.ts';
import type { TaskFunction } from './task-function.ts';

export interface RecordsProps {
  readonly environment: Environment;
  readonly dataKey: DataKey;
}

/** The two tables: one record per image (the design's ImageMetadataStore), and one row per label and image. */
export class Records extends Construct {
  readonly records: Table;
  readonly labelIndex: Table;
  private readonly dataKey: DataKey;

  constructor(scope: Construct, id: string, props: RecordsProps) {
    super(scope, id);
    this.dataKey = props.dataKey;
    const common: Omit<TableProps, 'partitionKey'> = {
      billingMode: BillingMode.PAY_PER_REQUEST,
      deletionProtection: props.environment.keepData,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: props.dataKey.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicyOf(props.environment),
      timeToLiveAttribute: 'ExpiresAt',
    };
    const uploaded = { name: 'UploadTimestamp', type: AttributeType.NUMBER };
    this.records = new Table(this, 'Records', { ...common, partitionKey: { name: 'ImageID', type: AttributeType.STRING }, sortKey: uploaded });
    // The newest of an owner.
    this.records.addGlobalSecondaryIndex({
      indexName: 'OwnerIndex',
      partitionKey: { name: 'OwnerID', type: AttributeType.STRING },
      sortKey: uploaded,
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: ['ProcessingStatus', 'ReviewStatus', 'DetectionSummary', 'ThumbnailKey', 'S3_URL'],
    });
    // What waits, is under review or failed, oldest first. WorkQueue is absent once a record is COMPLETED: the index holds open work only.
    this.records.addGlobalSecondaryIndex({
      indexName: 'WorkQueueIndex',
      partitionKey: { name: 'WorkQueue', type: AttributeType.STRING },
      sortKey: uploaded,
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: ['ExecutionArn', 'OwnerID', 'ProcessingStatus', 'ReviewStatus', 'StatusReason', 'DetectionSummary'],
    });
    this.labelIndex = new Table(this, 'LabelIndex', {
      ...common,
      partitionKey: { name: 'OwnerLabelMonth', type: AttributeType.STRING },
      sortKey: { name: 'TimeImageID', type: AttributeType.STRING },
    });
  }

  /** Lets the function find a record and change it, and tells it the table. */
  grantRecords(grantee: TaskFunction): void {
    this.grant(grantee, this.records, 'dynamodb:Query', 'dynamodb:UpdateItem');
    grantee.fn.addEnvironment('RECORDS_TABLE', this.records.tableName);
  }

  /** Lets the function write label rows, and tells it the table. */
  grantLabelRows(grantee: TaskFunction): void {
    this.grant(grantee, this.labelIndex, 'dynamodb:PutItem');
    grantee.fn.addEnvironment('LABEL_INDEX_TABLE', this.labelIndex.tableName);
  }

  /** On the table alone: Table.grant would add all of its indexes. */
  private grant(grantee: TaskFunction, table: Table, ...actions: string[]): void {
    Grant.addToPrincipal({ grantee, actions, resourceArns: [table.tableArn] });
    this.dataKey.grant(grantee, 'table');
  }
}
