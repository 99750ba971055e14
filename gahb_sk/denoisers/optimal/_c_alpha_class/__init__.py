"""The posterior of C^alpha images by sequential Monte Carlo, part by part."""
