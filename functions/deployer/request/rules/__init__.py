"""Rules between the fields of a request, one module a subject. They may import `deployer.request.service_model`.

The service model cannot express them, and SageMaker reports a violation only after minutes, if at all.
"""
