import * as $protobuf from "protobufjs";
export namespace google {

    namespace protobuf {

        interface IAny {
            type_url?: (string|null);
            value?: (Uint8Array|null);
        }

        class Any implements IAny {
            constructor(properties?: google.protobuf.IAny);
            public type_url: string;
            public value: Uint8Array;
            public static create(properties?: google.protobuf.IAny): google.protobuf.Any;
            public static encode(message: google.protobuf.IAny, writer?: $protobuf.Writer): $protobuf.Writer;
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): google.protobuf.Any;
        }
    }

    namespace rpc {

        interface IStatus {
            code?: (number|null);
            message?: (string|null);
            details?: (google.protobuf.IAny[]|null);
        }

        class Status implements IStatus {
            constructor(properties?: google.rpc.IStatus);
            public code: number;
            public message: string;
            public details: google.protobuf.IAny[];
            public static create(properties?: google.rpc.IStatus): google.rpc.Status;
            public static encode(message: google.rpc.IStatus, writer?: $protobuf.Writer): $protobuf.Writer;
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): google.rpc.Status;
        }

        interface IErrorInfo {
            reason?: (string|null);
            domain?: (string|null);
            metadata?: ({ [k: string]: string }|null);
        }

        class ErrorInfo implements IErrorInfo {
            constructor(properties?: google.rpc.IErrorInfo);
            public reason: string;
            public domain: string;
            public metadata: { [k: string]: string };
            public static create(properties?: google.rpc.IErrorInfo): google.rpc.ErrorInfo;
            public static encode(message: google.rpc.IErrorInfo, writer?: $protobuf.Writer): $protobuf.Writer;
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): google.rpc.ErrorInfo;
        }

        interface IBadRequest {
            fieldViolations?: (google.rpc.BadRequest.IFieldViolation[]|null);
        }

        class BadRequest implements IBadRequest {
            constructor(properties?: google.rpc.IBadRequest);
            public fieldViolations: google.rpc.BadRequest.IFieldViolation[];
            public static create(properties?: google.rpc.IBadRequest): google.rpc.BadRequest;
            public static encode(message: google.rpc.IBadRequest, writer?: $protobuf.Writer): $protobuf.Writer;
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): google.rpc.BadRequest;
        }

        namespace BadRequest {

            interface IFieldViolation {
                field?: (string|null);
                description?: (string|null);
            }

            class FieldViolation implements IFieldViolation {
                constructor(properties?: google.rpc.BadRequest.IFieldViolation);
                public field: string;
                public description: string;
                public static create(properties?: google.rpc.BadRequest.IFieldViolation): google.rpc.BadRequest.FieldViolation;
                public static encode(message: google.rpc.BadRequest.IFieldViolation, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): google.rpc.BadRequest.FieldViolation;
            }
        }
    }
}
