"""Rules between the fields of a request, one module a subject. They may import `deployer.request.service_model`.

They are what the service model cannot express and SageMaker tells only after minutes, if at all.
"""
